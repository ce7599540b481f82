//! docs/faults.md, rows L12 and L14: what counts as lost with a work tree, and what does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{TestHome, TestProject, get};

fn project(home: &TestHome) -> TestProject<'_> {
    let trees = home.directory().join("trees/{{ id }}");
    home.project("shop")
        .application("api")
        .file(".gitignore", "build/\n")
        .file("kept.txt", "as committed\n")
        .toml(&format!("[worktree]\npath = \"{}\"\n", trees.display()))
        .write()
}

fn tree(home: &TestHome, agent: u8) -> PathBuf {
    home.directory().join("trees").join(agent.to_string())
}

#[track_caller]
fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(directory: &Path, file: &str, text: &str) {
    fs::write(directory.join(file), text).unwrap();
    git(directory, &["add", file]);
    git(directory, &["commit", "--quiet", "-m", file]);
}

/// A bare remote that the project pushes to.
fn remote(home: &TestHome, project: &TestProject<'_>) {
    let bare = home.directory().join("remote.git");
    git(home.directory(), &["init", "--quiet", "--bare", bare.to_str().unwrap()]);
    project.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    project.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    project.git(&["fetch", "--quiet", "origin"]);
}

#[track_caller]
fn refused(project: &TestProject<'_>, agent: &str, reason: &str) {
    let outcome = project.harness(["teardown", agent]).run().exits_with(5);
    assert!(outcome.stderr.contains(reason), "no `{reason}`\n{outcome}");
    let look = project.harness(["teardown", agent, "--dry-run"]).run().succeeds();
    assert!(look.stdout.contains(reason), "the dry run does not name `{reason}`\n{look}");
}

#[test]
fn l12_commits_that_only_a_submodule_has_count() {
    let home = TestHome::new();
    let project = project(&home);
    let library = home.directory().join("library");
    fs::create_dir(&library).unwrap();
    git(&library, &["init", "--quiet"]);
    commit(&library, "lib.txt", "one\n");
    project.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.to_str().unwrap(), "lib"]);
    project.git(&["config", "--file", ".gitmodules", "submodule.lib.ignore", "all"]);
    project.commit("Add the library");
    remote(&home, &project);
    project.harness(["launch", "3", "4"]).run().succeeds();
    for agent in [3, 4] {
        git(&tree(&home, agent), &["submodule", "--quiet", "update", "--init"]);
    }
    // an untouched submodule is no loss
    project.harness(["teardown", "4"]).run().succeeds();

    let (ours, inside) = (tree(&home, 3), tree(&home, 3).join("lib"));
    fs::write(inside.join("lib.txt"), "changed\n").unwrap();
    refused(&project, "3", "1 uncommitted file (lib)");
    commit(&inside, "lib.txt", "two\n");
    git(&ours, &["add", "--force", "lib"]);
    git(&ours, &["commit", "--quiet", "-m", "Point to it"]);
    git(&ours, &["push", "--quiet", "origin", "HEAD:refs/heads/pointer"]);
    refused(&project, "3", "1 unpushed commit of submodule `lib`");
    assert_eq!(get(project.port("api", 3), "/health").status, 200, "a refusal leaves a working agent");
    // pushed, it is no loss any more
    git(&inside, &["push", "--quiet", "origin", "HEAD:refs/heads/two"]);
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!ours.exists());
}

#[test]
fn l12_files_and_branches_that_git_does_not_show_count() {
    let home = TestHome::new();
    let project = project(&home);
    remote(&home, &project);
    project.harness(["launch", "3"]).run().succeeds();
    let ours = tree(&home, 3);
    for flag in ["--skip-worktree", "--assume-unchanged"] {
        git(&ours, &["update-index", flag, "kept.txt"]);
        // flagged and as it was
        let look = project.harness(["teardown", "3", "--dry-run"]).run().succeeds();
        assert!(!look.stdout.contains("refused"), "{look}");
        fs::write(ours.join("kept.txt"), "work\n").unwrap();
        refused(&project, "3", "1 uncommitted file (kept.txt)");
        fs::write(ours.join("kept.txt"), "as committed\n").unwrap();
        git(&ours, &["update-index", flag.replace("--", "--no-").as_str(), "kept.txt"]);
    }
    // on a branch that was left again, and without any
    let home_branch = git(&ours, &["branch", "--show-current"]);
    git(&ours, &["checkout", "--quiet", "-b", "side"]);
    commit(&ours, "side.txt", "work\n");
    git(&ours, &["checkout", "--quiet", &home_branch]);
    refused(&project, "3", "1 unpushed commit of branch `side`");
    git(&ours, &["branch", "--quiet", "-D", "side"]);
    git(&ours, &["checkout", "--quiet", "--detach"]);
    commit(&ours, "detached.txt", "work\n");
    refused(&project, "3", "1 unpushed commit");
    // what cannot be read may be work
    let index = git(&ours, &["rev-parse", "--path-format=absolute", "--git-path", "index"]);
    fs::write(&index, "damaged").unwrap();
    refused(&project, "3", "unknown work, because git cannot read it");
    project.harness(["teardown", "3", "--force"]).run().succeeds();
    assert!(!ours.exists());
}

#[test]
fn l12_ignored_files_that_only_the_tree_has_are_listed() {
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "3"]).run().succeeds();
    fs::create_dir(tree(&home, 3).join("build")).unwrap();
    fs::write(tree(&home, 3).join("build/notes"), "mine\n").unwrap();
    let look = project.harness(["teardown", "3", "--dry-run"]).run().succeeds();
    assert!(look.stdout.contains("does not have: build/"), "{look}");
    assert!(!look.stdout.contains("CLAUDE.agent.md,") && !look.stdout.contains("refused"), "{look}");
    project.put("build/other", "the root has one too\n");
    let look = project.harness(["teardown", "3", "--dry-run"]).run().succeeds();
    assert!(!look.stdout.contains("does not have"), "{look}");
    project.harness(["teardown", "3"]).run().succeeds();
}

#[test]
fn l14_what_was_merged_by_content_is_not_unpushed() {
    let home = TestHome::new();
    let project = project(&home);
    remote(&home, &project);
    project.harness(["launch", "3", "4", "5"]).run().succeeds();
    // squashed: main gets one commit with the content of two, then changes the same file again
    let squashed = tree(&home, 3);
    commit(&squashed, "feature.txt", "one\n");
    commit(&squashed, "feature.txt", "one\ntwo\n");
    refused(&project, "3", "2 unpushed commits");
    project.put("feature.txt", "one\ntwo\n");
    project.commit("Feature (#1)");
    project.put("feature.txt", "zero\none\ntwo\nthree\n");
    project.commit("Go on");
    project.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    project.harness(["teardown", "3"]).run().succeeds();
    assert_eq!(project.git(&["branch", "--list", "agent/3"]), "");
    // rebased: the same patch, another parent
    let rebased = tree(&home, 4);
    commit(&rebased, "rebased.txt", "line\n");
    let work = git(&rebased, &["rev-parse", "HEAD"]);
    project.git(&["cherry-pick", &work]);
    project.harness(["teardown", "4"]).run().succeeds();
    // merged, then reverted: the content is not there
    let reverted = tree(&home, 5);
    commit(&reverted, "reverted.txt", "line\n");
    refused(&project, "5", "1 unpushed commit");
    project.harness(["teardown", "5", "--force"]).run().succeeds();
}
