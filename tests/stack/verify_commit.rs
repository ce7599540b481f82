//! docs/faults.md L18: the gate judges what is committed, in every tree.

use std::path::Path;

use crate::support::{Outcome, TestHome, TestProject};

const STAGES: &str = "[[verify.stages]]\nname = \"all\"\ncommands = [{ name = \"true\", run = \"true\" }]\n";

fn project<'a>(home: &'a TestHome, tables: &str) -> TestProject<'a> {
    home.project("shop").application("api").toml(tables).toml(STAGES).file("a.txt", "1\n").file("b.txt", "1\n").write()
}

/// Runs git in `directory` as agent 3 would, and the hook with it.
fn git(project: &TestProject<'_>, directory: &Path, arguments: &[&str]) -> Outcome {
    let settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-C"].map(ToOwned::to_owned);
    let mut words = ["exec", "3", "--", "git"].map(ToOwned::to_owned).to_vec();
    words.extend(settings);
    words.push(directory.display().to_string());
    words.extend(arguments.iter().map(|word| (*word).to_owned()));
    project.harness(words).run()
}

fn commit(project: &TestProject<'_>, directory: &Path, arguments: &[&str]) -> Outcome {
    git(project, directory, &[&["commit", "--quiet", "--message", "work"], arguments].concat())
}

#[test]
fn l18_a_commit_is_judged_by_what_it_commits() {
    let home = TestHome::new();
    let project = project(&home, "");
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["hook", "install"]).run().succeeds();
    let root = project.root();
    commit(&project, root, &["--allow-empty"]).exits_with(1).says("has not passed yet");

    // two files are verified together, and one of them is committed
    project.put("a.txt", "2\n");
    project.put("b.txt", "2\n");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    commit(&project, root, &["a.txt"]).exits_with(1).says("would differ from it in b.txt");
    // the index is older than the file
    git(&project, root, &["add", "a.txt", "b.txt"]).succeeds();
    project.put("a.txt", "3\n");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    commit(&project, root, &[]).exits_with(1).says("would differ from it in a.txt");
    // a file that was verified and is not added
    project.put("new.txt", "1\n");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    commit(&project, root, &["--all"]).exits_with(1).says("would differ from it in new.txt");
    git(&project, root, &["add", "--all"]).succeeds();
    commit(&project, root, &[]).succeeds();
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    // the rest was put aside: what is left is verified as such and is committed although it is a part
    project.put("a.txt", "4\n");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    commit(&project, root, &["a.txt"]).succeeds();
}

#[test]
fn l18_a_relative_hooks_path_gates_every_tree_and_spares_the_main_checkout() {
    let home = TestHome::new();
    let path = home.directory().join("trees/{{ id }}");
    let project = project(&home, &format!("[worktree]\npath = \"{}\"\n", path.display()));
    project.git(&["config", "core.hooksPath", ".husky/_"]);
    project.harness(["hook", "install"]).run().succeeds();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = home.directory().join("trees/3");
    assert_eq!(git(&project, &tree, &["status", "--porcelain"]).succeeds().stdout, "", "the hook is kept out of git");
    std::fs::write(tree.join("a.txt"), "2\n").unwrap();
    commit(&project, &tree, &["--all"]).exits_with(1).says("not committed");
    // husky writes its hooks and its setting again with every `npm install`
    std::fs::create_dir_all(tree.join(".husky/_")).unwrap();
    std::fs::write(tree.join(".husky/_/pre-commit"), "#!/bin/sh\n").unwrap();
    project.git(&["config", "core.hooksPath", ".husky/_"]);
    commit(&project, &tree, &["--all"]).exits_with(1).says("not committed");
    std::fs::remove_dir_all(tree.join(".husky")).unwrap();
    project.harness(["verify", "3", "--full"]).run().succeeds();
    commit(&project, &tree, &["--all"]).succeeds();

    // no agent lives in the main checkout: a person commits there, and hears nothing
    project.put("b.txt", "2\n");
    let outcome = commit(&project, project.root(), &["--all"]).succeeds();
    assert_eq!(outcome.stderr, "");
    // a tree that was there before the hook gets it from the installation
    project.harness(["hook", "remove"]).run().succeeds();
    std::fs::write(tree.join("a.txt"), "3\n").unwrap();
    commit(&project, &tree, &["--all"]).succeeds();
    project.harness(["hook", "install"]).run().succeeds();
    std::fs::write(tree.join("a.txt"), "4\n").unwrap();
    commit(&project, &tree, &["--all"]).exits_with(1);
}

#[test]
fn l18_a_project_below_the_top_of_its_repository_is_gated() {
    let home = TestHome::new();
    let project = project(&home, "");
    // the project moves into a directory of a repository that has more
    let inner = project.root().join("apps/shop");
    std::fs::create_dir_all(&inner).unwrap();
    for file in ["harness.toml", "app.py", "a.txt"] {
        std::fs::rename(project.root().join(file), inner.join(file)).unwrap();
    }
    project.commit("Move");
    let within = |arguments: &[&str]| project.harness(arguments.iter().copied()).dir(&inner).run();
    within(&["launch", "3"]).succeeds();
    within(&["hook", "install"]).succeeds();
    std::fs::write(inner.join("a.txt"), "2\n").unwrap();
    commit(&project, project.root(), &["--all"]).exits_with(1);
    within(&["verify", "3", "--full"]).succeeds();
    commit(&project, project.root(), &["--all"]).succeeds();
}

#[test]
fn l18_what_git_is_asked_not_to_look_at_is_judged_too() {
    let home = TestHome::new();
    let project = project(&home, "");
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["hook", "install"]).run().succeeds();
    let root = project.root();
    git(&project, root, &["update-index", "--assume-unchanged", "a.txt"]).succeeds();
    project.put("a.txt", "what the tests see\n");
    project.put("b.txt", "2\n");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    project.harness(["verify", "3", "--status"]).run().succeeds();
    commit(&project, root, &["--all"]).exits_with(1).says("would differ from it in a.txt");
    project.put("a.txt", "1\n");
    project.harness(["verify", "3", "--status"]).run().exits_with(1).says("files have changed");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    commit(&project, root, &["--all"]).succeeds();
}
