//! Work trees: whose they are, where one stands in them, and what a cut leaves of one.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{HarnessCommand, LONG, ProjectBuilder, TestHome, TestProject, get, wait_until};

/// A project whose agents work in `trees/<path>` beside it.
fn project<'a>(home: &'a TestHome, path: &str) -> ProjectBuilder<'a> {
    let path = trees(home).join(path);
    home.project("shop").application("api").toml(&format!("[worktree]\npath = \"{}\"\n", path.display()))
}

fn trees(home: &TestHome) -> PathBuf {
    home.directory().join("trees")
}

fn status(project: &TestProject<'_>, agent: &str) -> serde_json::Value {
    project.harness(["status", agent, "--json"]).run().succeeds().json()["agents"][0].clone()
}

#[test]
fn no_two_agents_have_one_tree() {
    let home = TestHome::new();
    let project = project(&home, "only").write();
    // at once: neither is there when the other looks
    let both = project.harness(["launch", "3", "4", "--json"]).run().exits_with(5).json();
    let agents = both["agents"].as_array().unwrap();
    let (won, lost): (Vec<_>, Vec<_>) = agents.iter().partition(|agent| agent["outcome"] == "launched");
    assert_eq!((won.len(), lost.len()), (1, 1), "{both}");
    assert_eq!(lost[0]["error"]["code"], "worktree.taken", "{both}");
    let (won, lost) = (won[0]["agent"].as_u64().unwrap(), lost[0]["agent"].to_string());
    let port = project.port("api", u8::try_from(won).unwrap());
    let refused = project.harness(["launch", lost.as_str()]).run().exits_with(5);
    let refused = refused.says(&format!("is inside the work tree of agent {won}"));
    assert!(refused.stderr.contains("{{ id }}"), "{refused}");
    project.harness(["teardown", lost.as_str()]).run().succeeds();
    assert!(trees(&home).join("only/app.py").exists());
    assert_eq!(get(port, "/health").status, 200);
}

#[test]
fn only_a_work_tree_is_adopted_and_then_never_removed() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").toml("[worktree]\npath = \"own/{{ id }}\"\n").write();
    fs::create_dir_all(project.root().join("own/3")).unwrap();
    project.harness(["launch", "3"]).run().exits_with(5).says("own/3` exists and is not a work tree");
    assert!(project.root().join("own/3").is_dir());
    project.git(&["worktree", "add", "--quiet", "own/4"]);
    project.harness(["launch", "4"]).run().succeeds();
    project.harness(["teardown", "4"]).run().succeeds();
    assert!(project.root().join("own/4/app.py").exists());
}

#[test]
fn in_a_tree_one_stands_in_its_agents_project() {
    let home = TestHome::new();
    let project = project(&home, "{{ id }}").write();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = trees(&home).join("3");
    let again = project.harness(["launch", "3"]).dir(&tree).run().succeeds();
    assert!(again.stdout.contains("already running"), "{again}");
    project.harness(["launch", "4"]).dir(&tree).run().succeeds();
    assert_eq!(status(&project, "4")["tree"], trees(&home).join("4").display().to_string());
    let all = project.harness(["teardown", "--all", "--dry-run", "--json"]).dir(&tree).run().succeeds().json();
    let agents: Vec<_> = all["agents"].as_array().unwrap().iter().map(|agent| agent["agent"].as_u64()).collect();
    assert_eq!(agents, [Some(3), Some(4)]);
}

#[test]
fn a_tree_is_known_however_its_path_is_written() {
    let home = TestHome::new();
    fs::create_dir_all(home.directory().join("real")).unwrap();
    symlink(home.directory().join("real"), home.directory().join("link")).unwrap();
    let paths =
        [("3", "../../real/../trees/{{ id }}", "trees/3"), ("4", "{{ project_root }}/../../link/{{ id }}", "real/4")];
    for (agent, path, real) in paths {
        let toml = format!("[worktree]\npath = \"{path}\"\n");
        let project = home.project(&format!("shop-{agent}")).application("api").toml(&toml).write();
        project.harness(["launch", agent]).run().succeeds();
        let tree = home.directory().join(real);
        let here = project.harness(["url", "--json"]).dir(&tree).run().succeeds().json();
        assert_eq!(here["agent"].to_string(), agent);
        assert_eq!(status(&project, agent)["tree"], tree.display().to_string());
        project.harness(["teardown", agent]).run().succeeds();
    }
}

#[test]
fn a_project_below_its_repositorys_top_is_below_the_trees_top() {
    let home = TestHome::new();
    let project = project(&home, "{{ id }}").write();
    fs::remove_dir_all(project.root().join(".git")).unwrap();
    let repository = project.root().parent().unwrap();
    let made = Command::new("git").args(["init", "--quiet"]).current_dir(repository).status().unwrap();
    assert!(made.success());
    project.commit("Begin");
    project.harness(["launch", "3"]).run().succeeds();
    let tree = trees(&home).join("3");
    assert_eq!(status(&project, "3")["tree"], tree.join("shop").display().to_string());
    assert!(tree.join("shop/.env.agent.3").exists() && tree.join("shop/CLAUDE.agent.md").exists());
    let at_the_top = project.harness(["url", "--json"]).dir(&tree).run().succeeds().json();
    assert_eq!(at_the_top["agent"], 3);
    project.harness(["launch", "3"]).dir(&tree).run().succeeds();
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!tree.exists());
}

#[test]
fn a_fresh_tree_is_prepared() {
    let home = TestHome::new();
    let project = project(&home, "{{ id }}")
        .file(".gitignore", "installed\n")
        .file("lock.txt", "one\n")
        .toml("[prepare]\nsteps = [{ name = \"install\", run = \"echo x >> installed\", inputs = [\"lock.txt\"] }]\n")
        .write();
    let installed = trees(&home).join("3/installed");
    for _ in 0..2 {
        project.harness(["launch", "3"]).run().succeeds();
        project.harness(["launch", "3"]).run().succeeds();
        assert_eq!(fs::read_to_string(&installed).unwrap(), "x\n", "once a tree");
        project.harness(["teardown", "3"]).run().succeeds();
    }
}

/// A launch of agent 3 during which a program of the search path behaves as told, then kills harness.
fn cut_off(home: &TestHome, project: &TestProject<'_>, program: &str, script: &str) -> HarnessCommand {
    let directory = home.directory().join("programs");
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join(program);
    fs::write(&file, format!("#!/bin/sh\nfor last; do :; done\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    project.harness(["launch", "3"]).env("PATH", path)
}

/// A project with a directory that its trees get a copy of.
fn with_modules(home: &TestHome) -> TestProject<'_> {
    let toml = format!("[worktree]\npath = \"{}/{{{{ id }}}}\"\nclone = [\"modules\"]\n", trees(home).display());
    let project = home.project("shop").application("api").toml(&toml).file(".gitignore", "modules/\n").write();
    project.put("modules/a", "whole\n");
    project.put("modules/b", "whole\n");
    project
}

fn assert_complete(tree: &Path) {
    for file in ["modules/a", "modules/b"] {
        assert_eq!(fs::read_to_string(tree.join(file)).unwrap(), "whole\n", "{file}");
    }
    assert!(tree.join("app.py").exists());
    let names: Vec<_> = fs::read_dir(tree).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("partial")), "{names:?}");
}

#[test]
fn l1_a_tree_cut_off_while_it_is_populated_is_completed() {
    let home = TestHome::new();
    let project = with_modules(&home);
    let tree = trees(&home).join("3");
    let half = "mkdir -p \"$last\"; echo half > \"$last/a\"; kill -9 $PPID";
    assert_eq!(cut_off(&home, &project, "cp", half).run().code, None);
    assert!(tree.join("app.py").exists(), "it is cut off where it should be");
    project.harness(["launch", "3"]).run().succeeds();
    assert_complete(&tree);
    project.harness(["teardown", "3"]).run().succeeds();
    // and what was cut off can go, without force
    assert_eq!(cut_off(&home, &project, "cp", half).run().code, None);
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!tree.exists());
}

#[test]
fn l1_a_tree_cut_off_while_git_makes_it_is_made_anew() {
    let home = TestHome::new();
    let project = with_modules(&home);
    let tree = trees(&home).join("3");
    let git = which::which("git").unwrap().display().to_string();
    let half = format!(
        "case \"$1 $2\" in\n  'worktree add') shift 2; {git} worktree add --no-checkout \"$@\"; kill -9 $PPID;;\n  *) exec {git} \"$@\";;\nesac"
    );
    assert_eq!(cut_off(&home, &project, "git", &half).run().code, None);
    assert!(tree.exists() && !tree.join("app.py").exists(), "it is cut off where it should be");
    project.harness(["launch", "3"]).run().succeeds();
    assert_complete(&tree);
    project.harness(["teardown", "3"]).run().succeeds();
    assert_eq!(cut_off(&home, &project, "git", &half).run().code, None);
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!tree.exists());
    assert_eq!(project.git(&["branch", "--list", "agent/3"]), "");
}

/// What git and cp start does not die with harness by itself.
#[test]
fn l1_who_still_works_on_a_tree_that_was_cut_off_is_ended_first() {
    let home = TestHome::new();
    let go = home.directory().join("go");
    let mut builder = project(&home, "{{ id }}").file(".gitattributes", "*.slow filter=slow\n");
    for number in 0..20 {
        builder = builder.file(&format!("{number}.slow"), "whole\n");
    }
    let project = builder.write();
    let wait = format!("while [ ! -e {} ]; do sleep 0.01; done; sleep 0.01; cat", go.display());
    project.git(&["config", "filter.slow.smudge", &wait]);
    project.git(&["config", "filter.slow.clean", "cat"]);
    let tree = trees(&home).join("3");
    for next in ["launch", "teardown"] {
        let launch = project.harness(["launch", "3"]).spawn();
        wait_until("git to check out", LONG, || tree.join(".git").exists());
        launch.signal(rustix::process::Signal::KILL);
        assert_eq!(launch.wait().code, None);
        fs::write(&go, "").unwrap();
        project.harness([next, "3"]).run().succeeds();
        if next == "launch" {
            for number in 0..20 {
                assert_eq!(fs::read_to_string(tree.join(format!("{number}.slow"))).unwrap(), "whole\n");
            }
            project.harness(["teardown", "3"]).run().succeeds();
        }
        assert!(!tree.exists());
        fs::remove_file(&go).unwrap();
    }
}
