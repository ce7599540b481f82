//! The other verbs on a running stack.

use crate::support::{LONG, TestHome, get, try_get, wait_until};

#[test]
fn verbs_of_one_agent() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);

    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    let row = &status["agents"][0]["processes"][0];
    assert_eq!((&row["name"], &row["state"]), (&"api".into(), &"ready".into()));
    assert_eq!(row["pid"].to_string(), get(port, "/pid").body);
    assert!(row["memory_bytes"].as_u64().unwrap() > 1_000_000, "{row}");
    let table = project.harness(["status", "3"]).run().succeeds().stdout;
    assert!(table.contains("NAME") && table.contains("ready") && table.contains(&port.to_string()), "{table}");

    assert_eq!(project.harness(["url", "3", "api"]).run().succeeds().stdout, format!("http://localhost:{port}\n"));
    let query = project.harness(["psql", "3", "select name, null as nothing from items", "--json"]).run().succeeds();
    assert_eq!(query.json()["rows"], serde_json::json!([["seeded", null]]));
    let asked = project.harness(["psql", "3", "select current_user, current_database()"]).run().succeeds();
    assert!(asked.stdout.contains("agent_3"), "{asked}");
    project.harness(["psql", "3", "select nonsense"]).run().exits_with(1).says("nonsense");

    let env = project.harness(["env", "3", "--json"]).run().succeeds().json();
    assert_eq!(env["variables"]["AGENT_ID"], "3");
    assert!(env["variables"]["DATABASE_URL"].as_str().unwrap().ends_with("/agent_3"));

    let inside = project.harness(["exec", "3", "--", "sh", "-c", "echo $AGENT_ID; exit 42"]).run().exits_with(42);
    assert_eq!(inside.stdout, "3\n");
    let psql =
        project.harness(["exec", "3", "--in", "db", "--", "psql", "-Atc", "select current_user"]).run().succeeds();
    assert_eq!(psql.stdout, "agent_3\n");

    let logs = project.harness(["logs", "3", "api"]).run().succeeds();
    assert!(logs.stdout.contains(&format!("listening on {port}")), "{logs}");

    project.harness(["stop", "3", "api"]).run().succeeds();
    assert!(try_get(port, "/health").is_err());
    project.harness(["start", "3", "api"]).run().succeeds();
    let before = get(port, "/pid").body;
    project.harness(["restart", "3"]).run().succeeds();
    wait_until("another pid", LONG, || get(port, "/pid").body != before);
    project.harness(["restart", "3", "nothing"]).run().exits_with(5).says("its processes are: api");
}

#[test]
fn an_agent_is_known_by_its_variable_and_by_where_one_stands() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let url = format!("http://localhost:{}\n", project.port("api", 3));
    assert_eq!(home.harness(["url", "api"]).env("AGENT_ID", "3").run().succeeds().stdout, url);
    assert_eq!(project.harness(["url", "api"]).run().succeeds().stdout, url);
    home.harness(["url", "api"]).run().exits_with(2).says("no agent is given");
    project.harness(["launch", "4"]).run().succeeds();
    project.harness(["url", "api"]).run().exits_with(2).says("agents 3, 4 share");
    project.harness(["status", "7"]).run().exits_with(5).says("agent 7 does not exist");
}

#[test]
fn setup_is_idempotent() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().with_mail().application("api").write();
    let first = project.harness(["setup", "--json"]).run().succeeds().json();
    assert_eq!(first["template"]["built"], true);
    let second = project.harness(["setup", "--json"]).run().succeeds().json();
    assert_eq!(second["template"]["built"], false);
    assert_eq!(first["infra"]["services"], second["infra"]["services"], "same pids, same ports");
    assert_eq!(second["infra"]["state"], "running");
}
