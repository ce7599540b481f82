//! docs/faults.md, rows L: commands that are cut off, state that is damaged, things that look ours.

use std::fs;
use std::process::Command;

use crate::support::{Decoy, TestHome, TestProject, get, marked, try_get};

/// The steps that a launch of this kind of project goes through.
const LAUNCH: [&str; 9] = ["lease", "ports", "infra", "tree", "make", "render", "start", "ready", "end"];
const TEARDOWN: [&str; 7] = ["processes", "database", "bucket", "mail", "files", "exclude", "state"];

#[test]
fn l1_a_launch_cut_off_anywhere_is_taken_up_by_the_next() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().application("api").write();
    project.harness(["setup"]).run().succeeds();
    for step in LAUNCH {
        for phase in ["begin", "done"] {
            let point = format!("launch:{step}:{phase}");
            let cut = project.harness(["launch", "3"]).env("HARNESS_KILL_AT", &point).run();
            assert_eq!(cut.code, None, "killed at {point}: {cut}");
            project.harness(["launch", "3"]).run().succeeds();
            assert_eq!(get(project.port("api", 3), "/items").body, "seeded\n", "after {point}");
            project.harness(["teardown", "3"]).run().succeeds();
        }
    }
}

#[test]
fn l1_a_launch_cut_off_anywhere_is_removed_by_teardown() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().application("api").write();
    project.harness(["setup"]).run().succeeds();
    for step in LAUNCH {
        let point = format!("launch:{step}:done");
        project.harness(["launch", "3"]).env("HARNESS_KILL_AT", &point).run();
        project.harness(["teardown", "3"]).run().succeeds();
        assert_eq!(marked(&format!("{}/agent-3", home.id().unwrap())), [], "after {point}");
        assert!(!home.path().join("agents/3").exists(), "after {point}");
        assert!(!project.root().join(".env.agent.3").exists(), "after {point}");
    }
    // nothing of agent 3 on the server
    project.harness(["launch", "4"]).run().succeeds();
    let left =
        project.harness(["psql", "4", "select count(*) from pg_roles where rolname = 'agent_3'"]).run().succeeds();
    assert!(left.stdout.contains("\n0\n") || left.stdout.contains(" 0\n"), "{left}");
}

#[test]
fn l1_a_teardown_cut_off_anywhere_is_taken_up_by_the_next() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().application("api").write();
    for step in TEARDOWN {
        // what is not there is not removed, and the state's end is not written into it
        let phases: &[&str] = if matches!(step, "mail" | "state") { &["begin"] } else { &["begin", "done"] };
        for phase in phases {
            project.harness(["launch", "3"]).run().succeeds();
            let point = format!("teardown:{step}:{phase}");
            let cut = project.harness(["teardown", "3"]).env("HARNESS_KILL_AT", &point).run();
            assert_eq!(cut.code, None, "killed at {point}: {cut}");
            project.harness(["teardown", "3"]).run().succeeds();
            assert!(!home.path().join("agents/3").exists(), "after {point}");
        }
    }
}

/// Agents' databases and roles on the server, each once, as agent `asking` sees them.
fn roles_and_databases(project: &TestProject<'_>, asking: u8) -> String {
    let query = "select string_agg(distinct name, ' ') from (select rolname as name from pg_roles \
                 union select datname from pg_database) as names where name ~ '^agent_'";
    let outcome = project.harness(["psql", &asking.to_string(), query, "--csv"]).run().succeeds();
    outcome.stdout.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn l2_an_interrupted_launch_is_undone() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application_with("api", &[("APP_HEALTH", "bad")], "").write();
    // a neighbour of the same kind, who never gets healthy either but stays
    project.harness(["launch", "4", "--keep", "--timeout", "1s"]).run().exits_with(1);
    let look_alike = project.root().join(".env.agent.33");
    fs::write(&look_alike, "mine").unwrap();
    let launch = project.harness(["launch", "3"]).spawn();
    crate::support::wait_until("the process to run", crate::support::LONG, || {
        try_get(project.port("api", 3), "/health").is_ok()
    });
    launch.signal(rustix::process::Signal::INT);
    launch.wait().exits_with(130);
    assert_eq!(marked(&format!("{}/agent-3", home.id().unwrap())), []);
    assert!(!home.path().join("agents/3").exists());
    assert!(!project.root().join(".env.agent.3").exists());
    assert_eq!(roles_and_databases(&project, 4), "agent_4");
    assert!(try_get(project.port("api", 4), "/health").is_ok(), "the neighbour runs on");
    assert_eq!(fs::read_to_string(&look_alike).unwrap(), "mine");
}

#[test]
fn l3_teardown_cleans_the_rest_of_a_deleted_tree() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .application("api")
        .toml("[worktree]\npath = \"{{ project_root }}/../trees/{{ id }}\"\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["launch", "4"]).run().succeeds();
    let tree = project.root().parent().unwrap().join("trees/3");
    assert!(tree.join(".env.agent.3").exists(), "the tree is where it was asked for");
    let look_alike = tree.with_file_name("33");
    project.git(&["worktree", "add", "--quiet", "-b", "agent/33", look_alike.to_str().unwrap()]);
    fs::remove_dir_all(&tree).unwrap();
    project.harness(["teardown", "3"]).run().succeeds();
    assert_eq!(marked(&format!("{}/agent-3", home.id().unwrap())), []);
    assert!(!home.path().join("agents/3").exists());
    assert_eq!(roles_and_databases(&project, 4), "agent_4");
    assert!(look_alike.join("harness.toml").exists() && project.git(&["branch"]).contains("agent/33"));
    assert!(!project.git(&["worktree", "list"]).contains("trees/3 "));
    assert!(!project.git(&["branch", "--list", "agent/3"]).contains("agent/3"));
    assert!(project.git(&["worktree", "list"]).contains("trees/4"));
    assert_eq!(get(project.port("api", 4), "/health").status, 200);
}

#[test]
fn l4_work_that_nobody_else_has_is_not_removed() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .toml("[worktree]\npath = \"{{ project_root }}/../trees/{{ id }}\"\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = project.root().parent().unwrap().join("trees/3");
    fs::write(tree.join("new.txt"), "work").unwrap();
    project.harness(["teardown", "3"]).run().exits_with(5).says("1 uncommitted file (new.txt)");
    assert_eq!(get(project.port("api", 3), "/health").status, 200, "a refusal leaves a working agent");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.com"]).args(arguments);
        assert!(command.current_dir(&tree).output().unwrap().status.success());
    };
    git(&["add", "--all"]);
    git(&["commit", "-m", "work"]);
    project.harness(["teardown", "3"]).run().exits_with(5).says("1 unpushed commit");
    project.harness(["teardown", "3", "--force"]).run().succeeds();
    assert!(!tree.exists());
    project.harness(["launch", "3"]).run().succeeds();
    assert!(!tree.join("new.txt").exists(), "the next launch starts from the project's present state");
}

#[test]
fn l5_agents_1_and_11_are_never_confused() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().application("api").write();
    project.harness(["launch", "1", "11"]).run().succeeds();
    project.harness(["teardown", "1"]).run().succeeds();
    assert_eq!(get(project.port("api", 11), "/items").body, "seeded\n");
    project.harness(["psql", "11", "select 1"]).run().succeeds();
    project.harness(["launch", "1"]).run().succeeds();
    project.harness(["teardown", "11"]).run().succeeds();
    assert_eq!(get(project.port("api", 1), "/items").body, "seeded\n");
}

#[test]
fn l5_projects_with_a_common_beginning_are_never_confused() {
    let home = TestHome::new();
    let foo = home.project("foo").with_items().application("api").write();
    let bar = home.project("foo-bar").first_digit(5).with_items().application("web").write();
    foo.harness(["launch", "3"]).run().succeeds();
    bar.harness(["launch", "3"]).run().exits_with(5).says("belongs to project `foo`");
    bar.harness(["launch", "4"]).run().succeeds();
    foo.harness(["teardown", "--all"]).run().succeeds();
    assert_eq!(get(bar.port("web", 4), "/items").body, "seeded\n");
}

#[test]
fn l9_a_damaged_record_is_told_and_can_be_removed() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let record = home.path().join("agents/3/record.json");
    let whole = fs::read_to_string(&record).unwrap();
    for damage in ["", "not JSON", &whole[..whole.len() / 2], "[]", "{\"version\": 1}"] {
        fs::write(&record, damage).unwrap();
        let status = project.harness(["status", "--json"]).run().succeeds().json();
        assert_eq!(status["agents"][0]["error"]["code"], "state.damaged", "{damage:?}: {status}");
        project.harness(["launch", "3"]).run().exits_with(4).says("record.json");
    }
    fs::write(&record, whole.replace("\"version\": 1", "\"version\": 999")).unwrap();
    project.harness(["teardown", "3"]).run().exits_with(4).says("version 999");
    fs::write(&record, "not JSON").unwrap();
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(try_get(project.port("api", 3), "/health").is_err());
    assert!(!project.root().join(".env.agent.3").exists(), "it says itself that it is of agent 3");
    project.harness(["launch", "3"]).run().succeeds();
}

#[test]
fn l11_a_second_home_never_touches_the_first() {
    let (one, two) = (TestHome::new(), TestHome::new());
    let first = one.project("shop").with_items().application("api").write();
    first.harness(["launch", "3"]).run().succeeds();
    let mut look_alike = Decoy::sleeping("harness-agent-3-api");
    two.harness(["teardown", "3"]).run().succeeds();
    two.harness(["teardown", "--all"]).run().succeeds();
    assert_eq!(get(first.port("api", 3), "/items").body, "seeded\n");
    look_alike.assert_alive();
}
