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

/// A hook that writes its name to `file` and passes.
fn own_hook(bench: &Bench, folder: &Path, name: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let hook = folder.join(name);
    std::fs::write(&hook, format!("#!/bin/sh\necho {name} >> '{}/ran'\n", bench.path().display())).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn wherever_the_hooks_path_leads_the_gate_is_there_and_the_other_hooks_are_called() {
    for (path, folder) in [(".githooks", "tree/.githooks"), ("EVERYBODYS", "everybodys")] {
        let bench = Bench::new();
        let folder = bench.path().join(folder);
        let path = if path == "EVERYBODYS" { folder.to_str().unwrap() } else { path };
        bench.git(&["config", "core.hooksPath", path]);
        own_hook(&bench, &folder, "pre-commit");
        own_hook(&bench, &folder, "post-commit");
        let before: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let hook = install(&bench);
        assert_eq!(hook.outcome, HookOutcome::Installed);
        assert!(hook.path.ends_with("/.git/harness/hooks/pre-commit"), "{}", hook.path);
        assert!(!commits(&bench, "1"), "{path}");
        assert!(commits(&bench, "0"), "{path}");
        let ran = std::fs::read_to_string(bench.path().join("ran")).unwrap();
        assert_eq!(ran, "pre-commit\npre-commit\npost-commit\n", "{path}");
        // what a tool writes later changes nothing
        bench.git(&["config", "core.hooksPath", path]);
        assert!(!commits(&bench, "1"), "{path}");
        assert_eq!(install(&bench).outcome, HookOutcome::Unchanged);
        let after: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(before, after, "the folder of others is as it was");
        assert_eq!(block_on(hook::remove(&bench.tree())).unwrap().outcome, HookOutcome::Removed);
        assert!(commits(&bench, "1"), "{path}");
        assert_eq!(bench.git(&["config", "core.hooksPath"]), path);
    }
}

#[test]
fn a_tree_with_a_hooks_path_of_its_own_is_gated_and_gets_it_back() {
    let bench = Bench::new();
    bench.git(&["commit", "--quiet", "--allow-empty", "--message", "first"]);
    let linked = bench.path().join("linked");
    bench.git(&["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    bench.git(&["config", "extensions.worktreeConfig", "true"]);
    let in_linked = |arguments: &[&str]| {
        let all = [&["-C", linked.to_str().unwrap(), "-c", "user.name=t", "-c", "user.email=t@localhost"], arguments];
        Command::new("git").args(all.concat()).env("PATH", "/usr/bin:/bin").output().unwrap()
    };
    in_linked(&["config", "--worktree", "core.hooksPath", "/dev/null"]);
    install(&bench);
    std::fs::write(bench.path().join("code"), "1").unwrap();
    let commit = ["commit", "--quiet", "--allow-empty", "--message", "work"];
    assert!(!in_linked(&commit).status.success());
    assert!(!commits(&bench, "1"), "the main checkout has the hook in the usual place");
    block_on(hook::remove(&bench.tree())).unwrap();
    assert!(in_linked(&commit).status.success());
    assert_eq!(in_linked(&["config", "core.hooksPath"]).stdout, b"/dev/null\n");
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
