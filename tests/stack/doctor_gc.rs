//! `harness doctor` and `harness gc`.

use std::fs;
use std::process::Command;

use crate::support::{Decoy, TestHome, TestProject};

fn findings(document: &serde_json::Value, area: &str) -> Vec<(String, String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let all = document["findings"].as_array().unwrap().iter();
    let of_area = all.filter(|finding| finding["area"] == area);
    of_area.map(|finding| (text(&finding["level"]), text(&finding["message"]), text(&finding["hint"]))).collect()
}

/// Asks the home's server as its admin.
pub(super) fn admin(home: &TestHome, statement: &str) -> String {
    let output = admin_session(home, statement).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The same as a program.
pub(super) fn admin_session(home: &TestHome, statement: &str) -> Command {
    let record = fs::read_to_string(home.path().join("infra/record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let mut psql = Command::new("psql");
    psql.args(["-X", "-A", "-t", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-c", statement])
        .args(["-p", &home.database_port().to_string()])
        .env("PGPASSWORD", record["credentials"]["postgres_password"].as_str().unwrap());
    psql
}

#[test]
fn a_fresh_machine_is_examined_without_being_changed() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let outcome = project.harness(["doctor", "--json"]).run();
    let document = outcome.json();
    assert_eq!(document["schema"], "harness/doctor/1");
    let tools = findings(&document, "tools");
    assert!(tools.iter().any(|(level, message, _)| level == "ok" && message.starts_with("git: version")), "{document}");
    let machine = findings(&document, "machine");
    for word in ["copy-on-write", "max_user_watches", "of disk space are free", "of memory are available"] {
        assert!(machine.iter().any(|(_, message, _)| message.contains(word)), "{word}: {document}");
    }
    for (level, message, hint) in
        ["tools", "servers", "ports", "machine", "state"].iter().flat_map(|area| findings(&document, area))
    {
        assert_eq!(level == "ok", hint.is_empty(), "a finding that is not well has a remedy: {message}");
    }
    assert!(!home.path().exists(), "a verb that only looks makes no home");
    let text = project.harness(["doctor"]).run().stdout;
    assert!(text.contains("\nservers\n"), "{text}");
}

#[test]
fn a_taken_port_is_an_error_with_the_variable_to_set() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let _stranger = std::net::TcpListener::bind(("127.0.0.1", home.database_port())).unwrap();
    let outcome = project.harness(["doctor", "--json"]).run().exits_with(1);
    let document = outcome.json();
    assert_eq!(document["healthy"], false);
    let ports = findings(&document, "ports");
    let (level, message, hint) = ports.iter().find(|(_, message, _)| message.contains("in use")).unwrap();
    assert!(level == "error" && message.contains(&format!("pid {}", std::process::id())), "{message}");
    assert!(hint.contains("AGENT_DB_PORT"), "{hint}");
}

#[test]
fn gc_takes_what_crashed_and_deleted_stacks_left_and_nothing_else() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let other = home.project("blog").first_digit(1).application("web").write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    other.harness(["launch", "3"]).run().succeeds();
    let said = project.harness(["gc", "--dry-run"]).run().succeeds();
    assert!(said.stdout.contains("nothing to remove"), "{said}");

    // a stranger's, with names that look like ours
    admin(&home, "CREATE DATABASE agent_7");
    admin(&home, "CREATE DATABASE agent_2_old");
    let mut decoy = Decoy::sleeping("agent-2-api");
    // a crash: processes and record are gone, the database is not
    fs::remove_file(home.path().join("agents/2/record.json")).unwrap();
    // a project that was deleted, and a supervisor that did not live to see it
    home.kill_supervisor(3);
    fs::remove_dir_all(other.root()).unwrap();

    let plan = project.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    let agents: Vec<u64> = plan["agents"].as_array().unwrap().iter().map(|it| it["agent"].as_u64().unwrap()).collect();
    assert_eq!((&plan["dry_run"], agents), (&true.into(), vec![2, 3]), "{plan}");
    assert!(plan["agents"][1]["why"].as_str().unwrap().contains("was deleted"), "{plan}");
    let doctor = project.harness(["doctor", "--json"]).run().json();
    assert!(
        findings(&doctor, "state").iter().any(|(_, message, hint)| message.contains("agent 3") && hint.contains("gc")),
        "{doctor}"
    );

    let done = project.harness(["gc", "--json"]).run().succeeds().json();
    assert_eq!(done["agents"].as_array().unwrap().len(), 2, "{done}");
    let again = project.harness(["gc", "--json"]).run().succeeds().json();
    assert_eq!(again["agents"].as_array().unwrap().len(), 0, "{again}");
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(status["agents"][0]["state"], "healthy", "{status}");
    decoy.assert_alive();
    let names =
        admin(&home, "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'agent%'");
    assert_eq!(names.trim(), "agent_1 agent_2_old agent_7");
}

#[test]
fn doctor_says_that_a_failed_launch_was_kept_and_what_goes_on_with_it() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_EXIT", "3")], "").write();
    project.harness(["launch", "3", "--keep"]).run().exits_with(1);
    let state = findings(&project.harness(["doctor", "--json"]).run().json(), "state");
    let (level, _, hint) = state.iter().find(|(_, message, _)| message.contains("agent 3 of shop")).unwrap();
    assert_eq!(level, "warning", "{state:?}");
    assert!(hint.contains("`harness launch 3`") && hint.contains("`harness teardown 3`"), "{hint}");
    assert!(state.iter().any(|(_, message, _)| message.contains("failed and was kept")), "{state:?}");
    let drift = |project: &TestProject<'_>| {
        project.harness(["status", "3", "--json"]).run().succeeds().json()["agents"][0]["drift"].clone()
    };
    assert_eq!(drift(&project), serde_json::json!([]), "it runs what harness.toml says");
    project.replace("harness.toml", "APP_EXIT = \"3\"", "APP_EXIT = \"\"");
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(drift(&project), serde_json::json!([]));
}
