//! Files of settings that git does not have, but a sample of: `config.json.example`. A program that reads one gets a copy;
//! what somebody has to fill in there is named with its line.

use super::facts::{Facts, Step};
use super::tree::{Tree, base_name, extension_of, is_aside, join, parent};

const MARKS: [&str; 7] = ["example", "sample", "dist", "template", "default", "tmpl", "tpl"];
const EXTENSIONS: [&str; 12] = ["json", "yaml", "yml", "toml", "ini", "cfg", "conf", "js", "cjs", "ts", "py", "rb"];
/// Files that a library reads of itself, so that no source names them.
const KNOWN: [&str; 4] = ["ormconfig.json", "database.yml", "knexfile.js", "local_settings.py"];
/// Lines that are named of one file.
const LINES: usize = 5;

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for sample in tree.paths().filter(|path| !is_aside(path) && path.matches('/').count() <= 4) {
        let Some(name) = without_mark(base_name(sample)) else { continue };
        let file = join(parent(sample), &name);
        let is_settings =
            EXTENSIONS.contains(&extension_of(&name)) && !name.starts_with(".env") && !name.contains("compose");
        if !is_settings || tree.has(&file) || !is_read(tree, &name) {
            continue;
        }
        let mut step = Step::new(&format!("copy {name}"), "", format!("test -e {file} || cp {sample} {file}"), sample);
        step.outputs = vec![file.clone()];
        facts.assumed.push(format!("{file} is not in git: each tree gets a copy of {sample}"));
        facts.prepare.push(step);
        let text = tree.text(sample).unwrap_or_default();
        let open =
            text.lines().enumerate().filter(|(_, line)| is_open(line)).map(|(number, _)| (number + 1).to_string());
        let open: Vec<String> = open.take(LINES).collect();
        if !open.is_empty() {
            facts.unknown.push(format!(
                "{sample}, line {}: somebody has to fill that in; put the right values into {file} of your checkout, and \
                 \"{file}\" into `copy` of [worktree]",
                open.join(", ")
            ));
        }
    }
    facts
}

/// The name of the file that a sample is of: `a.json.example`, `a.example.json`, `example.a.json`.
fn without_mark(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let at = parts.iter().position(|part| MARKS.contains(part))?;
    // `default.json` is a name of its own
    if parts.len() < 3 || at == 0 && MARKS[2..].contains(&parts[0]) {
        return None;
    }
    let rest: Vec<&str> = parts.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, part)| *part).collect();
    Some(rest.join("."))
}

/// Whether something reads a file of this name.
fn is_read(tree: &Tree, name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let quoted =
        [format!("{name}\""), format!("{name}'"), format!("{name}`"), format!("/{stem}'"), format!("/{stem}\"")];
    let imported = [format!("from .{stem} import"), format!("import {stem}\n"), format!("from {stem} import")];
    KNOWN.contains(&name)
        || tree
            .sources("", &["js", "cjs", "mjs", "ts", "py", "rb", "go", "rs"])
            .filter(|(path, _)| !is_aside(path))
            .any(|(_, text)| quoted.iter().chain(&imported).any(|way| text.contains(way)))
}

/// Whether a line of a sample asks for a value.
fn is_open(line: &str) -> bool {
    let lower = line.to_lowercase();
    let is_comment = ["#", "//", ";", "*"].iter().any(|mark| lower.trim_start().starts_with(mark));
    let words = ["your-", "your_", "changeme", "change-me", "change_me", "<your", "xxxx", "replace-", "replace_"];
    !is_comment && words.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_settings_is_made_of_its_sample_where_something_reads_it() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([
            file("ormconfig.json.example", "{\n \"username\": \"your-mysql-username\",\n \"port\": 3306 }"),
            file("src/config.sample.yml", "port: 1"),
            file("src/a.js", "load('./config.yml')"),
            file("other.example.toml", ""),
            file("config/default.json", ""),
            file("tests/a.example.json", ""),
        ]);
        let facts = detect(&tree);
        let runs: Vec<&str> = facts.prepare.iter().map(|step| step.run.as_str()).collect();
        assert_eq!(
            runs,
            [
                "test -e ormconfig.json || cp ormconfig.json.example ormconfig.json",
                "test -e src/config.yml || cp src/config.sample.yml src/config.yml"
            ]
        );
        assert_eq!(facts.unknown.len(), 1);
        assert!(facts.unknown[0].starts_with("ormconfig.json.example, line 2: "), "{}", facts.unknown[0]);
    }

    #[test]
    fn the_mark_stands_anywhere_in_the_name() {
        for (name, expected) in [
            ("a.json.example", Some("a.json")),
            ("a.example.json", Some("a.json")),
            ("example.a.json", Some("a.json")),
            ("default.json", None),
            ("template.html", None),
            ("a.json", None),
        ] {
            assert_eq!(without_mark(name).as_deref(), expected, "{name}");
        }
    }
}
