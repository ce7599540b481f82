//! Completion as shells ask for it, and the man pages.

use std::process::Command;

use crate::support::{TestHome, TestProject};

/// What bash is offered for the last word of `line`.
fn offered(home: &TestHome, project: &TestProject<'_>, line: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_harness"))
        .arg("--")
        .args(line)
        .current_dir(project.root())
        .env_clear()
        .envs(home.environment())
        .env("HARNESS_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", (line.len() - 1).to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "true")
        .env("_CLAP_IFS", "\n")
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    // options are always offered, too
    let words = String::from_utf8(output.stdout).unwrap();
    words.lines().filter(|word| !word.starts_with('-')).map(str::to_owned).collect()
}

#[test]
fn agents_processes_ports_and_stages_are_those_of_this_moment() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .toml("[[verify.stages]]\nname = \"types\"\ncommands = [{ name = \"all\", run = \"true\" }]\n")
        .write();
    assert_eq!(offered(&home, &project, &["harness", "status", ""]), Vec::<String>::new(), "there is none yet");
    assert!(!home.path().exists(), "a question makes no home");
    project.harness(["launch", "1", "3"]).run().succeeds();
    assert_eq!(offered(&home, &project, &["harness", "teardown", ""]), ["1", "3"]);
    assert_eq!(offered(&home, &project, &["harness", "logs", "3", "a"]), ["api"]);
    assert_eq!(offered(&home, &project, &["harness", "restart", ""]), ["1", "3", "api"]);
    assert_eq!(offered(&home, &project, &["harness", "url", "3", ""]), ["api"]);
    assert_eq!(offered(&home, &project, &["harness", "verify", "3", "--stage", ""]), ["types"]);
    assert!(offered(&home, &project, &["harness", "te"]).contains(&"teardown".to_owned()));
}

#[test]
fn each_shell_gets_lines_that_it_accepts() {
    let home = TestHome::new();
    for shell in ["bash", "zsh", "fish"] {
        let lines = home.harness(["completions", shell]).run().succeeds().stdout;
        assert!(lines.contains("HARNESS_COMPLETE") && lines.contains("harness"), "{lines}");
        if which::which(shell).is_ok() {
            let checked = Command::new(shell).args(["-n", "-c", &lines]).output().unwrap();
            assert!(checked.status.success(), "{shell}: {}", String::from_utf8_lossy(&checked.stderr));
        }
    }
}

#[test]
fn there_is_a_man_page_for_every_verb() {
    let home = TestHome::new();
    let directory = home.directory().join("man1");
    let document = home.harness(["man", directory.to_str().unwrap(), "--json"]).run().succeeds().json();
    let files = document["files"].as_array().unwrap();
    assert!(files.len() > 25, "{document}");
    for name in ["harness.1", "harness-launch.1", "harness-db-restore.1"] {
        let page = std::fs::read_to_string(directory.join(name)).unwrap();
        assert!(page.contains(".TH ") && page.contains("SYNOPSIS"), "{page}");
    }
    let page = std::fs::read_to_string(directory.join("harness-launch.1")).unwrap();
    assert!(page.contains("Examples:") && page.contains("harness launch 3"), "{page}");
}
