//! Plain words: what `docs/glossary.md` bans occurs in nothing that a user reads, and code refers to nothing
//! outside this repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Turns of speech that the glossary bans, each with what to write in its place.
const BANNED: &[(&str, &str)] = &[
    ("nobody", "say who does not, or use the passive"),
    ("told", "reported, asked, given"),
    ("be had", "available, found, pulled"),
    ("bearer", "holder, token"),
    ("heir", "successor, the next supervisor"),
    ("of before", "earlier, previous"),
    ("anew", "again"),
    ("shall", "must"),
    ("come to be", "are created"),
    ("does not admit", "denies access to"),
    ("as asked", "as requested"),
    ("stands elsewhere", "runs as if started in"),
    ("something of", "name what it is"),
    ("also such as", "including those that"),
    ("weather", "say what changes"),
    ("the one way", "only ... does"),
    ("not well", "unhealthy"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The banned turns in a text, as whole words.
fn banned(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase().replace("`nobody`", "");
    let whole = |at: usize, word: &str| {
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        !lower[..at].ends_with(letter) && !lower[at + word.len()..].starts_with(letter)
    };
    let found = BANNED.iter().filter(|(word, _)| lower.match_indices(word).any(|(at, _)| whole(at, word)));
    found.map(|(word, _)| *word).collect()
}

/// The string literals of a source, each with its line.
fn strings(source: &str) -> Vec<(usize, String)> {
    let bytes = source.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    let end_of = |from: usize, end: &str| source[from..].find(end).map_or(source.len(), |length| from + length);
    while at < bytes.len() {
        match bytes[at] {
            b'/' if source[at..].starts_with("//") => at = end_of(at, "\n"),
            b'/' if source[at..].starts_with("/*") => at = end_of(at, "*/"),
            b'r' if source[at..].starts_with("r\"") || source[at..].starts_with("r#") => {
                let hashes = source[at + 1..].len() - source[at + 1..].trim_start_matches('#').len();
                let open = at + 1 + hashes;
                if bytes.get(open) == Some(&b'"') {
                    let end = end_of(open + 1, &format!("\"{}", "#".repeat(hashes)));
                    found.push((open + 1, end));
                    at = end + 1 + hashes;
                } else {
                    at += 1;
                }
            }
            // a character, and no lifetime
            b'\'' if source[at..].starts_with("'\\") => at = end_of(at + 3, "'") + 1,
            b'\'' if source[at + 1..].chars().nth(1) == Some('\'') => at = end_of(at + 1, "'") + 1,
            b'"' => {
                let mut end = at + 1;
                while end < bytes.len() && bytes[end] != b'"' {
                    end += 1 + usize::from(bytes[end] == b'\\');
                }
                found.push((at + 1, end));
                at = end + 1;
            }
            _ => at += 1,
        }
    }
    let line = |at: usize| source[..at].matches('\n').count() + 1;
    found.into_iter().map(|(from, to)| (line(from), source[from..to].to_owned())).collect()
}

/// A literal without what is put into it: `{told}` names a variable.
fn without_placeholders(literal: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0_usize;
    for c in literal.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// Files whose doc comments are shown: the help of verbs, the descriptions in the JSON Schemas.
fn is_shown(file: &Path) -> bool {
    ["src/cli", "src/project/raw", "src/report"].iter().any(|folder| file.starts_with(root().join(folder)))
}

#[test]
fn what_a_user_reads_is_plain() {
    let mut wrong = Vec::new();
    for file in super::rust_files(&super::source()) {
        if file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let mut read: Vec<(usize, String)> =
            strings(text).into_iter().map(|(line, literal)| (line, without_placeholders(&literal))).collect();
        // the name of a user is no turn of speech
        read.retain(|(_, literal)| literal != "nobody");
        // nor is HTTP's name of a scheme
        read.retain(|(_, literal)| !literal.eq_ignore_ascii_case("bearer") && !literal.starts_with("Bearer "));
        if is_shown(&file) {
            let comments = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("///"));
            read.extend(comments.map(|(line, text)| (line + 1, text.to_owned())));
        }
        for (line, text) in read {
            wrong.extend(banned(&text).iter().map(|word| format!("{}:{line}: {word}: {text}", file.display())));
        }
    }
    let pages = super::files(&root().join("docs"))
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "md") && !file.ends_with("glossary.md"));
    let top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CLAUDE.agent.md"]
        .map(|file| root().join(file));
    for file in top.into_iter().chain(pages) {
        let text = fs::read_to_string(&file).unwrap();
        let file = &file.display().to_string();
        let lines = text.lines().enumerate().map(|(line, text)| (line + 1, text));
        wrong.extend(lines.flat_map(|(line, text)| {
            banned(&text.replace("Authorization: Bearer", ""))
                .into_iter()
                .map(move |word| format!("{file}:{line}: {word}: {text}"))
        }));
    }
    assert!(wrong.is_empty(), "words that docs/glossary.md bans:\n{}", wrong.join("\n"));
}

#[test]
fn the_glossary_lists_what_is_banned() {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).unwrap();
    for (word, instead) in BANNED {
        assert!(glossary.contains(&format!("| {word} | {instead} |")), "`{word}` is not in docs/glossary.md");
    }
}

/// Every document that code and tests refer to is in this repository.
#[test]
fn references_stay_inside_the_repository() {
    let name = regex::Regex::new(r"\b(?:[\w.-]+/)*[A-Z][A-Z_]{3,}\.md\b|\bdocs/[\w./-]+\.md\b|§|\bDESIGN\b").unwrap();
    let mut wrong = Vec::new();
    let files: Vec<PathBuf> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| super::files(&root().join(folder)))
        .filter(|file| {
            !file.ends_with("house/words.rs") && !file.components().any(|part| part.as_os_str() == "fixtures")
        })
        .collect();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for (line, text) in text.lines().enumerate() {
            for found in name.find_iter(text).map(|found| found.as_str()) {
                // what harness makes in an agent's tree, or a program reads in a project, is no document of this repository
                let made =
                    ["AGENTS.md", "CLAUDE.md", "SKILL.md", "WORKFLOW.md"].iter().any(|name| found.ends_with(name));
                let exists = root().join(found).exists() || root().join("docs").join(found).exists();
                if !made && !exists {
                    wrong.push(format!("{}:{}: {found}", file.display(), line + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these documents are not in the repository:\n{}", wrong.join("\n"));
}

#[test]
fn literals_are_found() {
    let source = "let a = \"one\\\" two\"; // \"no\"\nlet c = '\"'; let r = r#\"thr\"ee\"#; fn f<'a>() {}";
    let found: Vec<String> = strings(source).into_iter().map(|(_, literal)| literal).collect();
    assert_eq!(found, ["one\\\" two", "thr\"ee"]);
    assert_eq!(banned("nobody was told; `nobody` is a user"), ["nobody", "told"]);
    assert!(banned("retold nobodys").is_empty());
    assert_eq!(without_placeholders("it {told} and {} more"), "it  and  more");
}
