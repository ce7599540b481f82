//! Rendered files: never over what is the user's, the repository's or another agent's.

use std::fs;

use crate::support::{TestHome, get};

const DOTENV: &str = "[render]\nenv_file = \".env\"\n";

#[test]
fn a_file_of_the_user_is_neither_overwritten_nor_removed() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").toml(DOTENV).file(".gitignore", ".env\n").write();
    project.put(".env", "MINE=1\n");
    let refused = project.harness(["launch", "3", "--json"]).run().exits_with(5).says("/.env` exists");
    assert_eq!(refused.json()["agents"][0]["error"]["code"], "render.not_ours");
    assert!(refused.stderr.contains("hint: ") && refused.stderr.contains("[render]"), "{refused}");
    assert_eq!(project.read(".env"), "MINE=1\n");
    project.harness(["teardown", "3"]).run().succeeds();
    assert_eq!(project.read(".env"), "MINE=1\n");

    fs::remove_file(project.root().join(".env")).unwrap();
    project.harness(["launch", "3"]).run().succeeds();
    assert!(project.read(".env").contains("AGENT_ID=3"));
    let again = project.harness(["launch", "3"]).run().succeeds();
    assert!(again.stdout.contains("already running"), "{again}");
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!project.root().join(".env").exists());
}

#[test]
fn a_file_that_git_tracks_is_refused_in_the_root_and_in_a_work_tree() {
    let home = TestHome::new();
    let trees = home.directory().join("trees").display().to_string();
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[worktree]\npath = \"{trees}/{{{{ id }}}}\"\n"))
        .toml("[render]\nfiles = [{ template = \"local.j2\", target = \"config/local.json\" }]\n")
        .file("local.j2", "{}\n")
        .file("config/local.json", "{ \"own\": true }\n")
        .write();
    for place in ["--no-worktree", "--worktree"] {
        project.harness(["launch", "3", place]).run().exits_with(5).says("config/local.json` is tracked by git");
    }
    assert_eq!(project.read("config/local.json"), "{ \"own\": true }\n");
    assert_eq!(project.git(&["status", "--porcelain"]), "");
}

#[test]
fn agents_that_share_a_root_do_not_share_a_rendered_file() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").toml(DOTENV).write();
    project.harness(["launch", "3"]).run().succeeds();
    let refused =
        project.harness(["launch", "4", "--json"]).run().exits_with(5).says("is already rendered for agent 3");
    assert_eq!(refused.json()["agents"][0]["error"]["code"], "render.taken");
    assert!(refused.stderr.contains("{{ id }}"), "{refused}");
    project.harness(["teardown", "4"]).run().succeeds();
    assert!(project.read(".env").contains("AGENT_ID=3"));
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}

#[test]
fn an_env_file_whose_record_was_lost_is_known_by_its_first_line() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let text = project.read(".env.agent.3");
    project.harness(["teardown", "3"]).run().succeeds();
    project.put(".env.agent.3", &text);
    project.harness(["launch", "3"]).run().succeeds();
}
