//! Entries of one mapping in a YAML document, or in the front matter of a Markdown file.

use std::ops::Range;

use super::block;
use super::kinds::Section;
use super::problem::{Problem, line_at};

/// Adds the block: into the mapping where there is one, else with it.
pub(super) fn add(text: &str, section: &Section) -> Result<String, Problem> {
    let others = block::take(text);
    let document = document(&others, section)?;
    check(&others, &document)?;
    let lines = lines(&others, document.clone());
    let Some(at) = lines.iter().position(|line| key_of(line.text) == Some(section.key) && line.indent() == 0) else {
        let whole = format!("{}:\n{}", section.key, entries(section, |_| false, "  "));
        return Ok(block::put(text, position(text, &others, document.end), &whole, ""));
    };
    let head = &lines[at];
    let wanted = || entries(section, |_| false, "").trim_end().replace('\n', "; ");
    let occupied = |line: &Line<'_>, key: &str| Problem::Occupied {
        line: line_at(&others, line.start),
        key: key.to_owned(),
        wanted: wanted(),
    };
    if !is_block(head.text) {
        return Err(occupied(head, section.key));
    }
    let within: Vec<&Line<'_>> = lines[at + 1..]
        .iter()
        .take_while(|line| line.is_blank() || line.indent() > 0 || line.text.trim_start().starts_with('#'))
        .filter(|line| !line.is_blank() && !line.text.trim_start().starts_with('#'))
        .collect();
    let indent = within.first().map_or(2, |line| line.indent());
    let has = |key: &str| within.iter().find(|line| line.indent() == indent && key_of(line.text) == Some(key));
    for (key, _) in section.entries {
        if let Some(line) = has(key) {
            return Err(occupied(line, key));
        }
    }
    let block_lines = entries(section, |key| has(key).is_some(), "");
    let after = position(text, &others, head.start + head.text.len());
    Ok(block::put(text, after, &block_lines, &" ".repeat(indent)))
}

/// The lines of the entries; of those that yield, only the ones that are not there.
fn entries(section: &Section, is_there: impl Fn(&str) -> bool, indent: &str) -> String {
    let yielding = section.unless_there.iter().filter(|(key, _)| !is_there(key));
    let all = section.entries.iter().chain(yielding);
    all.fold(String::new(), |text, (key, value)| text + &format!("{indent}{key}: {value}\n"))
}

/// A place of the text without the block, in the text: only asked for where there is no block.
fn position(text: &str, others: &str, offset: usize) -> usize {
    if text.len() == others.len() { offset } else { 0 }
}

/// The bytes of the document.
fn document(text: &str, section: &Section) -> Result<Range<usize>, Problem> {
    if !section.front_matter {
        return Ok(0..text.len());
    }
    let why = || "it has no front matter between two lines `---`".to_owned();
    let begin = text.split_inclusive('\n').next().filter(|line| line.trim_end() == "---").map(str::len);
    let begin = begin.ok_or_else(|| Problem::Broken { line: 1, why: why() })?;
    let mut offset = begin;
    for line in text[begin..].split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Ok(begin..offset);
        }
        offset += line.len();
    }
    Err(Problem::Broken { line: 1, why: why() })
}

fn check(text: &str, document: &Range<usize>) -> Result<(), Problem> {
    let yaml = &text[document.clone()];
    if yaml.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(());
    }
    match serde_saphyr::from_str::<serde_json::Value>(yaml) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err(Problem::Broken { line: line_at(text, document.start), why: "it is not a mapping".to_owned() }),
        Err(error) => {
            let within = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
            let line = line_at(text, document.start) + within.max(1) - 1;
            let said = error.to_string();
            let why = said.lines().next().unwrap_or("not YAML").to_owned();
            Err(Problem::Broken { line, why })
        }
    }
}

/// A line of the document, its end included.
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl Line<'_> {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

fn lines(text: &str, document: Range<usize>) -> Vec<Line<'_>> {
    let mut start = document.start;
    text[document]
        .split_inclusive('\n')
        .map(|text| {
            let line = Line { start, text };
            start += text.len();
            line
        })
        .collect()
}

fn key_of(line: &str) -> Option<&str> {
    let key = line.trim_start().split_once(':')?.0.trim_end();
    Some(key.trim_matches(['"', '\'']))
}

/// Whether what belongs to a key comes in the lines below it.
fn is_block(line: &str) -> bool {
    let rest = line.split_once(':').map_or("", |(_, rest)| rest).trim();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: Section = Section {
        front_matter: false,
        key: "scripts",
        entries: &[("setup", "one"), ("archive", "two")],
        unless_there: &[("timeout", "9")],
    };

    #[test]
    fn entries_go_into_the_mapping_or_bring_it() {
        for text in [
            "",
            "# mine\n",
            "name: x\n",
            "name: x",
            "scripts:\n    run: dev\nname: x\n",
            "scripts: # mine\n  timeout: 3\n\nname: x\n",
            "scripts:\nname: x\n",
        ] {
            let with = add(text, &SECTION).unwrap_or_else(|problem| panic!("{text:?}: {problem:?}"));
            let value: serde_json::Value =
                serde_saphyr::from_str(&with).unwrap_or_else(|error| panic!("{with}{error}"));
            assert_eq!((&value["scripts"]["setup"], &value["scripts"]["archive"]), (&"one".into(), &"two".into()));
            assert_eq!(value["scripts"]["timeout"], if text.contains("timeout") { 3 } else { 9 }, "{with}");
            assert_eq!(block::take(&with), text);
            assert_eq!(add(&with, &SECTION).unwrap(), with);
        }
    }

    #[test]
    fn what_is_there_is_not_replaced() {
        let line = |text: &str| match add(text, &SECTION).unwrap_err() {
            Problem::Occupied { line, key, .. } => (line, key),
            broken @ Problem::Broken { .. } => panic!("{broken:?}"),
        };
        assert_eq!(line("a: 1\nscripts:\n  run: x\n  setup: npm ci\n"), (4, "setup".to_owned()));
        assert_eq!(line("a: 1\nscripts: { setup: x }\n"), (2, "scripts".to_owned()));
        assert!(matches!(add("a: 1\nb: [\n", &SECTION), Err(Problem::Broken { .. })));
        assert!(matches!(add("- a\n", &SECTION), Err(Problem::Broken { line: 1, .. })));
    }

    #[test]
    fn front_matter_ends_where_it_ends() {
        let section = Section { front_matter: true, ..SECTION };
        let text = "---\nname: x\n---\nscripts: no\n";
        let with = add(text, &section).unwrap();
        assert!(with.ends_with("# <<< harness connect\n---\nscripts: no\n"), "{with}");
        assert_eq!(block::take(&with), text);
        assert!(matches!(add("scripts: no\n", &section), Err(Problem::Broken { line: 1, .. })));
    }
}
