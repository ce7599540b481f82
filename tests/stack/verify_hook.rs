//! `harness hook install`: the gate in front of a commit.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::report::{Diagnostic, Hook, HookOutcome};
use harness::verify::hook;

use super::verify_bench::Bench;
use crate::support::block_on;

/// A program that stands for harness: it exits with what the file `code` beside it says.
fn program(bench: &Bench) -> PathBuf {
    let program = bench.path().join("it's harness");
    let text = format!("#!/bin/sh\necho \"$@\" >> '{0}/calls'\nexit $(cat '{0}/code')\n", bench.path().display());
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

fn install(bench: &Bench) -> Hook {
    block_on(hook::install(&bench.tree(), &program(bench))).unwrap()
}

/// Whether git commits when harness exits with `code`.
fn commits(bench: &Bench, code: &str) -> bool {
    std::fs::write(bench.path().join("code"), code).unwrap();
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@localhost", "-C"])
        .arg(bench.tree())
        .args(["commit", "--quiet", "--allow-empty", "--message", "work"])
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    output.status.success()
}

#[test]
fn only_a_verified_tree_is_committed() {
    let bench = Bench::new();
    assert_eq!(install(&bench).outcome, HookOutcome::Installed);
    assert!(commits(&bench, "0"));
    assert!(!commits(&bench, "1"), "not verified");
    assert!(!commits(&bench, "4"), "it cannot be told");
    assert!(commits(&bench, "5"), "no agent's tree");
    let calls = std::fs::read_to_string(bench.path().join("calls")).unwrap();
    assert_eq!(calls.lines().next(), Some("verify --status --index"));
    assert_eq!(install(&bench).outcome, HookOutcome::Unchanged);
    assert_eq!(block_on(hook::remove(&bench.tree())).unwrap().outcome, HookOutcome::Removed);
    assert!(commits(&bench, "1"));
}

#[test]
fn a_foreign_hook_is_never_touched() {
    let bench = Bench::new();
    let foreign = bench.tree().join(".git/hooks/pre-commit");
    std::fs::write(&foreign, "#!/bin/sh\nexit 0 # made by `harness hook install`, not\n").unwrap();
    let error = block_on(hook::install(&bench.tree(), &program(&bench))).unwrap_err();
    assert_eq!(error.code(), "hook.foreign");
    assert!(error.hint().unwrap().contains("harness verify --status"));
    assert!(block_on(hook::remove(&bench.tree())).is_err());
    assert!(std::fs::read_to_string(foreign).unwrap().contains(", not"));
}

#[test]
fn the_hooks_path_is_honoured() {
    let bench = Bench::new();
    bench.git(&["config", "core.hooksPath", ".githooks"]);
    let place = install(&bench).path;
    assert_eq!(Path::new(&place), bench.tree().canonicalize().unwrap().join(".githooks/pre-commit"));
    assert!(!commits(&bench, "1"));

    let everybodys = bench.path().join("everybodys");
    bench.git(&["config", "core.hooksPath", everybodys.to_str().unwrap()]);
    let error = block_on(hook::install(&bench.tree(), &program(&bench))).unwrap_err();
    assert_eq!(error.code(), "hook.shared");
    assert!(!everybodys.exists());
}

#[test]
fn a_linked_work_tree_shares_the_hook() {
    let bench = Bench::new();
    bench.write("a", "1");
    bench.git(&["add", "--all"]);
    bench.git(&["commit", "--quiet", "--message", "first"]);
    let linked = bench.path().join("linked");
    bench.git(&["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    let hook = block_on(hook::install(&linked, &program(&bench))).unwrap();
    assert_eq!(Path::new(&hook.path), bench.tree().canonicalize().unwrap().join(".git/hooks/pre-commit"));
    assert!(!commits(&bench, "1"));
}
