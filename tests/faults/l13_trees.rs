//! docs/faults.md, rows L13, L14 and L17: other people's work trees, git's own refusals, git's exclude file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{TestHome, TestProject, get};

fn project<'a>(home: &'a TestHome, extra: &str) -> TestProject<'a> {
    let trees = home.directory().join("trees/{{ id }}");
    home.project("shop")
        .application("api")
        .toml(&format!("[worktree]\npath = \"{}\"\n{extra}", trees.display()))
        .write()
}

fn tree(home: &TestHome, agent: u8) -> PathBuf {
    home.directory().join("trees").join(agent.to_string())
}

#[test]
fn l13_work_trees_of_others_keep_their_entries() {
    let home = TestHome::new();
    let project = project(&home, "");
    let away = home.directory().join("away");
    let at = |name: &str| away.join(name).display().to_string();
    for name in ["plain", "locked", "moved"] {
        project.git(&["worktree", "add", "--quiet", "--detach", &at(name)]);
    }
    project.git(&["worktree", "lock", &at("locked")]);
    // not there for a while: on a disk that is not mounted
    let hidden = home.directory().join("hidden");
    fs::rename(&away, &hidden).unwrap();
    let entries = || {
        let list = project.git(&["worktree", "list", "--porcelain"]);
        list.lines().filter(|line| line.starts_with("worktree ") && line.contains("/away/")).count()
    };
    assert_eq!(entries(), 3);
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(entries(), 3, "after a launch");
    fs::remove_dir_all(tree(&home, 3)).unwrap();
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(entries(), 3, "after a tree was made anew");
    project.harness(["teardown", "3"]).run().succeeds();
    assert_eq!(entries(), 3, "after a teardown");
    project.harness(["gc"]).run().succeeds();
    fs::rename(&hidden, &away).unwrap();
    let status = std::process::Command::new("git").arg("status").current_dir(away.join("plain")).output().unwrap();
    assert!(status.status.success(), "{status:?}");
    // nor is a path taken whose tree is away
    project.git(&["worktree", "add", "--quiet", "--detach", tree(&home, 4).to_str().unwrap()]);
    fs::rename(tree(&home, 4), &hidden).unwrap();
    let refused = project.harness(["launch", "4", "--json"]).run().exits_with(5);
    assert_eq!(refused.json()["agents"][0]["error"]["code"], "worktree.away", "{refused}");
    fs::rename(&hidden, tree(&home, 4)).unwrap();
}

#[test]
fn l13_a_tree_that_a_person_locked_or_moved_stays() {
    let home = TestHome::new();
    let project = project(&home, "");
    project.harness(["launch", "3", "4"]).run().succeeds();
    let path = tree(&home, 3);
    project.git(&["worktree", "lock", "--reason", "mine", path.to_str().unwrap()]);
    let refused = project.harness(["teardown", "3", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["agents"][0]["error"]["code"], "worktree.locked", "{refused}");
    assert!(refused["agents"][0]["error"]["message"].as_str().unwrap().ends_with("is locked: mine"), "{refused}");
    assert_eq!(get(project.port("api", 3), "/health").status, 200, "nothing was begun");
    project.harness(["teardown", "3", "--force"]).run().succeeds();
    assert!(!path.exists() && !project.git(&["worktree", "list"]).contains("trees/3"));
    let moved = home.directory().join("moved");
    project.git(&["worktree", "move", tree(&home, 4).to_str().unwrap(), moved.to_str().unwrap()]);
    project.harness(["teardown", "4"]).run().succeeds();
    assert!(moved.join("app.py").exists() && project.git(&["branch", "--list", "agent/4"]).contains("agent/4"));
}

#[test]
fn l14_a_hook_that_fails_or_hangs_is_a_warning() {
    let home = TestHome::new();
    let project = project(&home, "[launch]\ntimeout = \"5s\"\n");
    let hook = project.root().join(".git/hooks/post-checkout");
    for (agent, script) in [("3", "echo no lfs here >&2; exit 3"), ("4", "sleep 1000")] {
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let launch = project.harness(["launch", agent]).run().succeeds();
        assert!(launch.stderr.contains("post-checkout") && launch.stderr.contains("failed"), "{launch}");
        project.harness(["teardown", agent]).run().succeeds();
    }
    // one that works is run in the tree, once
    fs::write(&hook, "#!/bin/sh\necho \"$1 $3\" >> hooked\n").unwrap();
    project.git(&["config", "core.excludesFile", "/dev/null"]);
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(fs::read_to_string(tree(&home, 3).join("hooked")).unwrap(), format!("{} 1\n", "0".repeat(40)));
    project.harness(["teardown", "3", "--force"]).run().succeeds();
}

#[test]
fn l14_what_git_refuses_is_said_with_its_reason() {
    let home = TestHome::new();
    let project = project(&home, "");
    let code =
        |outcome: serde_json::Value| outcome["agents"][0]["error"]["code"].as_str().unwrap_or_default().to_owned();
    let launch = |arguments: &[&str]| {
        let arguments = [&["launch", "3", "--json"], arguments].concat();
        project.harness(arguments).run()
    };
    assert_eq!(code(launch(&["--branch", "no..such"]).exits_with(3).json()), "worktree.branch_name");
    // of another user: the reason and the remedy are git's
    let nobody = rustix::fs::Uid::from_raw(65534);
    if rustix::process::geteuid().is_root() {
        for path in [project.root().to_owned(), project.root().join(".git")] {
            rustix::fs::chown(&path, Some(nobody), None).unwrap();
        }
        let outcome = launch(&[]);
        assert_ne!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stdout.contains("dubious ownership") && outcome.stdout.contains("safe.directory"), "{outcome}");
        assert!(!outcome.stdout.contains("git init"), "{outcome}");
        for path in [project.root().to_owned(), project.root().join(".git")] {
            rustix::fs::chown(&path, Some(rustix::fs::Uid::ROOT), None).unwrap();
        }
    }
    fs::remove_dir_all(project.root().join(".git")).unwrap();
    project.git(&["init", "--quiet"]);
    assert_eq!(code(launch(&[]).exits_with(3).json()), "worktree.no_commit");
}

#[test]
fn l17_the_exclude_file_hides_nothing_of_the_main_checkout() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").toml("[worktree]\npath = \".worktrees/{{ id }}\"\n").write();
    let exclude = || fs::read_to_string(project.root().join(".git/info/exclude")).unwrap_or_default();
    let config = || fs::read_to_string(project.root().join(".git/config")).unwrap();
    let (exclude_before, config_before) = (exclude(), config());
    project.harness(["launch", "3", "4"]).run().succeeds();
    assert_eq!(project.git(&["status", "--porcelain"]), "", "work trees in the root are not shown");
    for name in ["AGENTS.md", "CLAUDE.agent.md", ".env.agent.3"] {
        project.put(name, "a person's\n");
    }
    let shown = project.git(&["status", "--porcelain"]);
    for name in ["AGENTS.md", "CLAUDE.agent.md", ".env.agent.3"] {
        assert!(shown.contains(&format!("?? {name}\n")), "{name} is hidden\n{shown}");
        fs::remove_file(project.root().join(name)).unwrap();
    }
    for agent in ["3", "4"] {
        let tree = project.root().join(".worktrees").join(agent);
        let status = std::process::Command::new("git").args(["status", "--porcelain"]).current_dir(tree).output();
        assert_eq!(
            String::from_utf8_lossy(&status.unwrap().stdout),
            "",
            "the agent's own files are hidden in its tree"
        );
    }
    // all at once
    project.harness(["teardown", "--all"]).run().succeeds();
    assert_eq!((exclude(), config()), (exclude_before.clone(), config_before));
    assert!(!project.root().join(".worktrees/3").exists());
    // agents that share the root have lines of their own names, and those go too
    project.replace("harness.toml", "[worktree]\npath = \".worktrees/{{ id }}\"\n", "");
    project.harness(["launch", "5", "6"]).run().succeeds();
    assert!(exclude().contains("/.env.agent.5\n"), "{}", exclude());
    project.harness(["teardown", "--all"]).run().succeeds();
    assert_eq!(exclude(), exclude_before);
}
