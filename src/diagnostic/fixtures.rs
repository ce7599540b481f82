//! The matchers on what the real tools print. `tests/fixtures/diagnostics/capture.sh` makes the outputs
//! from the faults planted in `tree/` beside it (whose place is written `/tree` there) and knows where
//! each command ran; `expected.txt` says what the first diagnostic of each is.

use std::collections::BTreeMap;
use std::path::Path;

use super::command::Command;
use super::scan::scan;
use super::tree::SourceTree;

#[test]
fn the_first_diagnostic_of_every_tool() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/diagnostics");
    let root = folder.join("tree");
    let root_text = root.to_str().unwrap();
    let script = std::fs::read_to_string(folder.join("capture.sh")).unwrap();
    let mut found = BTreeMap::new();
    for capture in pattern!(r"(?m)^(?:capture|written) (\S+) (\S+) '(.*)'$").captures_iter(&script) {
        let (_, [name, directory, line]) = capture.extract();
        let output = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        let output = output.replace("/tree/", &format!("{root_text}/"));
        let command = Command { line, working_dir: directory.trim_start_matches('.'), error_pattern: None };
        let tree = SourceTree::new(&root);
        let text = |output: &str| {
            let diagnosis = scan(output.as_bytes(), command, &tree).unwrap();
            diagnosis.map_or_else(String::new, |diagnosis| diagnosis.text)
        };
        let windows = text(&output.replace('\n', "\r\n"));
        let text = text(&output);
        assert_eq!(windows, text, "{name}, with the line ends of Windows");
        found.insert(name.to_owned(), text.replace(root_text, "/tree").replace('\n', " | "));
    }
    let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap();
    let expected: BTreeMap<String, String> = expected
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, text)| (name.into(), text.trim().into()))
        .collect();
    let differing: Vec<String> = found
        .iter()
        .filter(|(name, text)| expected.get(*name) != Some(*text))
        .map(|(name, text)| format!("{name} {text}"))
        .collect();
    assert!(differing.is_empty(), "not as in expected.txt:\n{}\n", differing.join("\n"));
    assert_eq!(found.len(), expected.len(), "expected.txt names a capture that is no more");
}
