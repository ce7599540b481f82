//! docs/faults.md, row L9: an agent's record that cannot be read. What exists says whose the agent is.

use std::fs;
use std::process::Command;

use crate::support::{Decoy, TestHome, TestProject, get, try_get};

fn damage(home: &TestHome) {
    for name in ["record.json", "supervisor.json"] {
        let path = home.path().join("agents/3").join(name);
        if path.exists() {
            fs::write(path, "{\"version\": 1, \"age").unwrap();
        }
    }
}

fn excluded(project: &TestProject<'_>) -> String {
    let text = fs::read_to_string(project.root().join(".git/info/exclude")).unwrap_or_default();
    text.lines().filter(|line| line.starts_with('/')).collect::<Vec<_>>().join(" ")
}

#[test]
fn l9_an_agent_with_a_damaged_record_is_removed_only_from_its_own_project() {
    let home = TestHome::new();
    let board = home.project("board").with_items().application("api").write();
    let guest = home.project("guest").first_digit(5).with_items().application("web").write();
    guest.harness(["launch", "4"]).run().succeeds();
    board.harness(["launch", "3"]).run().succeeds();
    damage(&home);
    for verb in [&["teardown", "3"][..], &["teardown", "3", "--dry-run"], &["stop", "3"]] {
        let refused = guest.harness(verb.iter().copied()).run().exits_with(5);
        assert!(refused.stderr.contains("belongs to project `board`"), "{refused}");
    }
    // nothing tells whose it is: the worse case
    let spec = home.path().join("agents/3/processes.toml");
    let whole = fs::read(&spec).unwrap();
    fs::write(&spec, "").unwrap();
    guest.harness(["teardown", "3"]).run().exits_with(5).says("is damaged").says("--force").says("-C DIR");
    let refused = guest.harness(["stop", "3", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "agent.owner_unknown", "{refused}");
    let all = guest.harness(["teardown", "--all", "--dry-run", "--json"]).run().succeeds().json();
    assert_eq!(all["agents"].as_array().unwrap().len(), 1, "{all}");
    assert_eq!(get(board.port("api", 3), "/items").body, "seeded\n");
    // in its own project its files are found, with and without the process config
    let look = |project: &TestProject<'_>| {
        let report = project.harness(["teardown", "3", "--dry-run", "--json"]).run().succeeds().json();
        report["agents"][0]["removed"].to_string()
    };
    let without = look(&board);
    fs::write(&spec, whole).unwrap();
    for list in [without, look(&board)] {
        for thing in [".env.agent.3", "CLAUDE.agent.3.md", "/.env.agent.3", "\"agent_3\"", "\"role\"", "agents/3"] {
            assert!(list.contains(thing), "no {thing} in {list}");
        }
        assert!(!list.contains("agent.4") && !list.contains("agent_4"), "{list}");
    }
    board.put("mine.txt", "mine\n");
    board.harness(["teardown", "3"]).run().succeeds().says("is not a valid agent record");
    assert!(try_get(board.port("api", 3), "/health").is_err());
    for gone in [".env.agent.3", "CLAUDE.agent.3.md"] {
        assert!(!board.root().join(gone).exists(), "{gone}");
    }
    assert_eq!(excluded(&board), "");
    assert!(board.root().join("mine.txt").exists() && !home.path().join("agents/3").exists());
    assert_eq!(get(guest.port("web", 4), "/items").body, "seeded\n");
    assert!(guest.root().join(".env.agent.4").exists());
}

#[test]
fn l9_the_work_tree_of_a_damaged_record_is_found_by_its_note() {
    let home = TestHome::new();
    let trees = home.directory().join("trees");
    let toml = format!("[worktree]\npath = \"{}/{{{{ id }}}}\"\n", trees.display());
    let project = home.project("shop").with_items().application("api").toml(&toml).write();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = trees.join("3");
    // somebody else's tree of the same repository, where the fourth agent works
    project.git(&["worktree", "add", "--quiet", "-b", "theirs", &trees.join("4").to_string_lossy()]);
    let mut bystander = Decoy::sleeping("harness-agent-3-api");
    damage(&home);
    fs::write(tree.join("work.txt"), "mine\n").unwrap();
    project.harness(["teardown", "3"]).run().exits_with(5).says("1 uncommitted file (work.txt)");
    fs::remove_file(tree.join("work.txt")).unwrap();
    let report = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    let removed = report["agents"][0]["removed"].to_string();
    for thing in ["\"worktree\"", "\"branch\"", "\"git_config\"", "\"database\""] {
        assert!(removed.contains(thing), "no {thing} in {removed}");
    }
    assert!(!tree.exists() && trees.join("4").join("app.py").exists());
    assert!(!project.git(&["branch", "--list", "agent/3"]).contains("agent/3"));
    bystander.assert_alive();
    // a tree that harness did not make stays, and is said
    project.harness(["launch", "3"]).run().succeeds();
    let origins = Command::new("find")
        .arg(project.root().join(".git/worktrees"))
        .args(["-name", "harness-origin.json", "-delete"])
        .status();
    assert!(origins.unwrap().success());
    damage(&home);
    let report = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    let foreign = report["agents"][0]["foreign"].to_string();
    assert!(foreign.contains("trees/3") && foreign.contains("who made it"), "{report}");
    assert!(tree.join("app.py").exists() && !tree.join(".env.agent.3").exists());
}
