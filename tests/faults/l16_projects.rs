//! docs/faults.md, rows L15 and L16: projects that were moved or renamed, and agents of other projects.

use std::fs;

use crate::support::{TestHome, get};

#[test]
fn l16_a_verb_that_changes_something_keeps_to_its_own_project() {
    let home = TestHome::new();
    let board = home.project("board").with_items().application("api").write();
    let guest = home.project("guest").first_digit(5).with_items().application("web").write();
    board.harness(["launch", "1"]).run().succeeds();
    let verbs: [&[&str]; 11] = [
        &["teardown", "1"],
        // it says what the real run does
        &["teardown", "1", "--dry-run"],
        &["verify", "1"],
        &["slow-queries", "1", "--reset"],
        &["stop", "1"],
        &["start", "1"],
        &["restart", "1", "api"],
        &["db", "1", "reset", "--yes"],
        &["db", "1", "snapshot", "before"],
        &["exec", "1", "--", "touch", "here"],
        &["psql", "1", "delete from items"],
    ];
    for verb in verbs {
        let refused = guest.harness(verb.iter().copied()).run();
        assert!(matches!(refused.code, Some(5 | 125)), "{refused}");
        let root = board.root().display().to_string();
        assert!(refused.stderr.contains("belongs to project `board`") && refused.stderr.contains(&root), "{refused}");
    }
    assert_eq!(get(board.port("api", 1), "/items").body, "seeded\n");
    assert!(!board.root().join("here").exists());
    let refused = guest.harness(["stop", "1", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "agent.other_project", "{refused}");
    // a look is free
    for verb in [&["status", "1"][..], &["url", "1"], &["db", "1", "list"], &["env", "1"], &["slow-queries", "1"]] {
        guest.harness(verb.iter().copied()).run().succeeds();
    }
    // the refusal's hint works for every verb that gives it
    guest.harness(["teardown", "1", "--dry-run", "--force"]).run().succeeds();
    guest.harness(["exec", "1", "--force", "--", "true"]).run().succeeds();
    guest.harness(["shell", "1", "--force"]).env("SHELL", "/bin/true").run().succeeds();
    guest.harness(["psql", "1", "select 1", "--force"]).run().succeeds();
    guest.harness(["slow-queries", "1", "--reset", "--force"]).run().succeeds();
    guest.harness(["verify", "1", "--force"]).run();
    // outside of every project the home is meant
    home.harness(["stop", "1"]).run().succeeds();
    guest.harness(["start", "1", "--force"]).run().succeeds();
    let root = board.root().display().to_string();
    guest.harness(["-C", &root, "stop", "1"]).run().succeeds();
    guest.harness(["teardown", "1", "--force"]).run().succeeds();
}

#[test]
fn l15_a_moved_project_is_followed_and_a_renamed_one_has_hints_that_work() {
    let home = TestHome::new();
    let toml = format!("[worktree]\npath = \"{}/{{{{ id }}}}\"\n", home.directory().join("trees").display());
    let project = home.project("shop").with_items().application("api").write();
    let with_trees = home.project("tree").first_digit(5).application("web").toml(&toml).write();
    project.harness(["launch", "1"]).run().succeeds();
    with_trees.harness(["launch", "2"]).run().succeeds();
    for root in [project.root(), with_trees.root()] {
        fs::rename(root, root.with_extension("moved")).unwrap();
    }
    let moved = project.root().with_extension("moved");
    let drift = |agent: &str, place: &std::path::Path| {
        let status = home.harness(["status", agent, "--json"]).dir(place).run().succeeds().json();
        status["agents"][0]["drift"].clone()
    };
    let said = drift("1", &moved).to_string();
    assert!(said.contains("it was moved to") && !said.contains("harness.toml"), "nothing was edited: {said}");
    home.harness(["launch", "1"]).dir(&moved).run().succeeds();
    assert_eq!(drift("1", &moved), serde_json::json!([]));
    assert_eq!(get(project.port("api", 1), "/items").body, "seeded\n", "its database moved along");
    let status = home.harness(["status", "1", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"][0]["tree"], moved.display().to_string());
    // renamed: the hint is followed word for word
    let config = fs::read_to_string(moved.join("harness.toml")).unwrap();
    fs::write(moved.join("harness.toml"), config.replace("name = \"shop\"", "name = \"store\"")).unwrap();
    let refused = home.harness(["launch", "1"]).dir(&moved).run().exits_with(5);
    assert!(refused.stderr.contains("run `harness teardown 1`"), "{refused}");
    home.harness(["teardown", "1"]).dir(&moved).run().succeeds();
    assert!(!moved.join(".env.agent.1").exists());
    home.harness(["launch", "1"]).dir(&moved).run().succeeds();
    // a tree of a project that was moved: its repository is where the project is
    let moved = with_trees.root().with_extension("moved");
    assert!(!drift("2", &moved).to_string().contains("harness.toml"));
    home.harness(["launch", "2"]).dir(&moved).run().succeeds();
    assert_eq!(drift("2", &moved), serde_json::json!([]));
    home.harness(["teardown", "2"]).dir(&moved).run().succeeds();
    assert!(!home.directory().join("trees/2").exists());
}
