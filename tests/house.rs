//! The house rules that a machine can check: arrows point down, `mod.rs` declares, files stay small.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each folder may import, itself aside.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("cli", &["terminal", "agent", "verify", "infra", "render", "supervisor", "project", "report", "system"][..]),
        ("terminal", &["supervisor", "report", "system"]),
        ("agent", &["infra", "postgres", "bucket", "render", "supervisor", "project", "report", "system"]),
        ("verify", &["infra", "postgres", "bucket", "render", "supervisor", "project", "report", "system"]),
        ("infra", &["postgres", "bucket", "render", "embedded", "supervisor", "project", "report", "system"]),
        ("postgres", &["project", "report", "system"]),
        ("bucket", &["project", "report", "system"]),
        // the process config that it renders is the supervisor's input: the type is the contract
        ("render", &["supervisor", "project", "report", "system"]),
        // the file of agents' S3 keys: who writes it and who reads it share its type
        ("embedded", &["bucket", "project", "report", "system"]),
        ("supervisor", &["report", "system"]),
        ("project", &["report", "system"]),
        ("report", &["system"]),
        ("system", &[]),
    ])
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn arrows_point_down() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for (folder, may) in &allowed {
        for file in rust_files(&source().join(folder)) {
            for line in fs::read_to_string(&file).unwrap().lines() {
                for (_, rest) in line.match_indices("crate::").map(|(at, text)| (at, &line[at + text.len()..])) {
                    let target: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let is_folder = allowed.contains_key(target.as_str());
                    if is_folder && target != *folder && !may.contains(&target.as_str()) {
                        wrong.push(format!("{}: {}", file.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_in_the_map() {
    let map = fs::read_to_string(source().join("lib.rs")).unwrap();
    for folder in allowed().keys() {
        assert!(map.contains(&format!("pub mod {folder};")), "`{folder}` is not in lib.rs");
    }
    let declared = map.lines().filter(|line| line.starts_with("pub mod ")).count();
    assert_eq!(declared, allowed().len(), "a folder of lib.rs has no rule here");
}

#[test]
fn module_roots_only_declare() {
    for file in rust_files(&source()).iter().filter(|file| file.ends_with("mod.rs") && !file.ends_with("tests/mod.rs"))
    {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.starts_with("//!"), "{} has no //! text", file.display());
        let stray = text.lines().find(|line| {
            ["fn ", "pub fn ", "struct ", "pub struct ", "enum ", "pub enum ", "impl ", "async fn ", "pub async fn "]
                .iter()
                .any(|start| line.starts_with(start))
        });
        assert_eq!(stray, None, "{} does more than declare", file.display());
    }
}

#[test]
fn no_file_is_over_the_roof() {
    let long: Vec<String> = rust_files(&source())
        .into_iter()
        .chain(rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")))
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            (lines > 400).then(|| format!("{} has {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
