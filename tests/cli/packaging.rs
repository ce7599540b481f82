//! What is packed: the container's settings, the workflows and the installer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// `${NAME:-default}`, by name.
fn variables(text: &str) -> BTreeMap<String, String> {
    let found = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    found
        .map(|(inside, _)| {
            let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
            (name.to_owned(), default.to_owned())
        })
        .collect()
}

#[test]
fn the_example_of_settings_names_exactly_what_is_read_with_its_default() {
    let lines = read("compose/.env.example");
    let named: BTreeMap<String, String> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(named, variables(&read("compose/harness.yml")));
    // what the image sets is what harness reads
    let sources = read("src/system/home.rs") + &read("src/serve/place.rs");
    let image = read("Dockerfile");
    let set = image.lines().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    for (name, _) in set.split(' ').filter_map(|pair| pair.split_once('=')) {
        assert!(sources.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn actions_of_workflows_are_pinned_by_commit() {
    for workflow in ["ci", "release"] {
        let text = read(&format!(".github/workflows/{workflow}.yml"));
        let uses: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("- uses: ")).collect();
        assert!(!uses.is_empty(), "{workflow}");
        for action in uses {
            let commit = action.split('#').next().unwrap().trim().rsplit('@').next().unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{workflow}: {action}");
        }
    }
}

#[test]
fn scripts_that_a_shell_reads_are_scripts() {
    for script in ["install.sh", "packaging/container-entry", "packaging/container-root", ".ci/package", ".ci/release"]
    {
        let status =
            Command::new("sh").arg("-n").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script)).status().unwrap();
        assert!(status.success(), "{script}");
    }
}
