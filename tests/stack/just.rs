//! The recipes of the `justfile`, as typed, with the real `just`.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{TestHome, TestProject};

/// A copy of the justfile lies in the project, as in an application's repository.
fn just(home: &TestHome, project: &TestProject<'_>, line: &str) -> Option<Output> {
    let just = std::env::var_os("HARNESS_TEST_JUST").or_else(|| Some(which::which("just").ok()?.into_os_string()))?;
    let words = shell_words::split(line).unwrap();
    assert_eq!(words[0], "just");
    let output = Command::new(just)
        .args(&words[1..])
        .current_dir(project.root())
        .env_clear()
        .envs(home.environment())
        .env("HARNESS_BINARY", env!("CARGO_BIN_EXE_harness"))
        .output()
        .unwrap();
    Some(output)
}

#[test]
#[allow(clippy::print_stdout)] // a skipped test says so
fn the_recipes_work_as_typed() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .application("api")
        .toml("[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"true\" }]\n")
        .write();
    let recipes = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("justfile")).unwrap();
    project.put("justfile", &recipes);
    let run = |line: &str| -> Option<String> {
        let output = just(&home, &project, line)?;
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{line}: {stdout}{stderr}");
        Some(stdout.into_owned())
    };
    let Some(said) = run("just agent launch-all 3") else {
        println!("skipped: there is no `just`");
        return;
    };
    assert_eq!(said.matches(": launched in").count(), 3, "{said}");
    let said = run("just agent cli 2 psql 'select 1 as one'").unwrap();
    assert!(said.contains("one") && said.contains('1'), "{said}");
    assert!(run("just agent status").unwrap().contains("healthy"));
    assert!(run("just agent verify 1").unwrap().contains("\"status\": \"pass\""));
    assert!(run("just agent verify-full 1").unwrap().contains("\"full\": true"));
    assert!(run("just agent launch 3").unwrap().contains("already running"));
    assert!(run("just agent teardown 3").unwrap().contains("agent 3: removed"));
    run("just agent setup").unwrap();
    let said = run("just agent teardown-all").unwrap();
    assert_eq!(said.matches(": removed").count(), 2, "{said}");
    let recipes = run("just --summary").unwrap();
    for recipe in ["watch", "check", "test", "lint", "docs", "snapshots", "bench", "release", "agent"] {
        assert!(recipes.split_whitespace().any(|known| known == recipe), "{recipes}");
    }
    let refused = just(&home, &project, "just agent lunch 3").unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("unknown verb `lunch`"));
}
