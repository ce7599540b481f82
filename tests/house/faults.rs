//! `docs/faults.md` and the tests agree: each row names the files that hold its tests, and each test of a fault
//! has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[test]
fn rows_and_tests_of_faults_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = root.join("tests");
    let name = regex::Regex::new(r"fn ([pdl][0-9]+)_\w+").unwrap();
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in super::rust_files(&tests) {
        let place = file.strip_prefix(&tests).unwrap().to_string_lossy().into_owned();
        for found in name.captures_iter(&fs::read_to_string(&file).unwrap()) {
            held.entry(found[1].to_uppercase()).or_default().insert(place.clone());
        }
    }
    let table = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let row = regex::Regex::new(r"(?m)^\| ([PDL][0-9]+) \|.*\| (.*) \|$").unwrap();
    let stated: BTreeMap<String, BTreeSet<String>> = row
        .captures_iter(&table)
        .map(|row| {
            let files = row[2].split(", ").filter(|it| *it != "open").map(|it| it.trim_matches('`').to_owned());
            (row[1].to_owned(), files.collect())
        })
        .collect();
    let mut wrong = Vec::new();
    for (id, files) in &stated {
        let present = held.remove(id).unwrap_or_default();
        if *files != present {
            wrong.push(format!("{id}: the table names {files:?}, tests are in {present:?}"));
        }
    }
    wrong.extend(held.iter().map(|(id, files)| format!("{id}: no row, but tests in {files:?}")));
    assert!(wrong.is_empty(), "docs/faults.md is not as the tests are:\n{}", wrong.join("\n"));
}
