//! Rendered files stay out of git.

use std::path::Path;
use std::process::Command;

use super::super::files::RenderedFile;

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
        .args(arguments)
        .env_remove("GIT_DIR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn write(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RenderedFile { path: path.to_owned(), text: "SECRET=1\n".into() }.write().unwrap();
}

#[test]
fn in_the_repository_its_packages_and_its_linked_work_trees() {
    let directory = tempfile::tempdir().unwrap();
    let (main, linked) = (directory.path().join("main"), directory.path().join("linked"));
    std::fs::create_dir(&main).unwrap();
    git(&main, &["init", "--quiet"]);
    git(&main, &["commit", "--quiet", "--allow-empty", "-m", "first"]);
    git(&main, &["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    let names = [".env.agent.3", "packages/api/.env.agent.3", "odd [name]*/# file", "trailing "];
    for tree in [&main, &linked] {
        for name in names {
            write(&tree.join(name));
            write(&tree.join(name));
        }
        std::fs::write(tree.join(".env.agent.33"), "a decoy\n").unwrap();
        assert_eq!(git(tree, &["status", "--porcelain", "--untracked-files=all"]), "?? .env.agent.33\n");
    }
    let exclude = std::fs::read_to_string(main.join(".git/info/exclude")).unwrap();
    let ours = exclude.lines().filter(|line| line.starts_with('/')).count();
    assert_eq!(ours, names.len(), "each line once\n{exclude}");
}

#[test]
fn outside_of_a_repository_nothing_happens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env.agent.3");
    write(&path);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}
