//! `db`, `slow-queries` and `psql` from the command line.

use crate::support::{TestHome, get, post};

#[test]
fn a_snapshot_is_kept_and_brought_back_while_the_stack_runs() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    let (port, neighbour) = (project.port("api", 3), project.port("api", 4));
    let items = |port| get(port, "/items").body;
    post(port, "/items", "text/plain", b"kept");
    post(neighbour, "/items", "text/plain", b"neighbour");
    let before = items(port);

    let report = project.harness(["db", "snapshot", "3", "before", "--json"]).run().succeeds().json();
    assert_eq!(report["snapshots"][0]["name"], "before");
    assert!(report["snapshots"][0]["bytes"].as_u64().unwrap() > 1_000_000, "{report}");
    project.harness(["db", "3", "snapshot", "before"]).run().exits_with(5).says("before");
    post(port, "/items", "text/plain", b"lost again");
    project.harness(["db", "3", "restore", "before", "--drain"]).run().succeeds();
    assert_eq!(items(port), before);
    project.harness(["db", "3", "restore", "before", "--drain=0"]).run().exits_with(2);

    // destroying wants a name or a yes
    project.harness(["db", "3", "reset"]).run().exits_with(2).says("--yes");
    assert_eq!(items(port), before);
    project.harness(["db", "reset", "3", "--yes"]).run().succeeds();
    assert_eq!(items(port).trim(), "seeded");
    assert_eq!(
        project.harness(["launch", "3", "--json"]).run().succeeds().json()["agents"][0]["outcome"],
        "already_running"
    );

    let listed = project.harness(["db", "3", "list"]).run().succeeds().stdout;
    assert!(listed.contains("before"), "{listed}");
    project.harness(["db", "3", "restore", "nothing"]).run().exits_with(5).says("before");
    project.harness(["db", "3", "snapshot", "No Such"]).run().exits_with(2);
    project.harness(["db", "3", "snapshot"]).run().exits_with(2);
    project.harness(["db", "snapshot", "3"]).run().exits_with(2).says("name");
    let left = project.harness(["db", "3", "drop", "before", "--json"]).run().succeeds().json();
    assert_eq!(left["snapshots"], serde_json::json!([]));
    assert!(items(neighbour).contains("neighbour"));
}

#[test]
fn processes_are_restarted_with_their_database_if_the_project_says_so() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .toml("[database]\nspares = 0\non_replace = \"restart\"")
        .application("api")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = || {
        project.harness(["wait", "3"]).run().succeeds();
        let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
        status["agents"][0]["processes"][0]["pid"].as_u64().unwrap()
    };
    let mut before = pid();
    project.harness(["db", "3", "snapshot", "one"]).run().succeeds();
    assert_eq!(pid(), before, "a snapshot replaces nothing");
    for arguments in
        [&["db", "3", "restore", "one"][..], &["db", "3", "reset", "--yes"], &["launch", "3", "--reset-db"]]
    {
        project.harness(arguments.iter().copied()).run().succeeds();
        let now = pid();
        assert_ne!(now, before, "{arguments:?}");
        before = now;
    }
    project.replace("harness.toml", "restart\"", "keep\"");
    project.harness(["db", "3", "restore", "one"]).run().succeeds();
    assert_eq!(pid(), before);
}

#[test]
fn slow_queries_are_those_of_the_agents_own_database() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    project.harness(["psql", "3", "select pg_sleep(0.05), 'three' as whose"]).run().succeeds();
    project.harness(["psql", "4", "select pg_sleep(0.06), 'four' as somebody"]).run().succeeds();
    let slow = project.harness(["slow-queries", "3", "-n", "1", "--json"]).run().succeeds().json();
    let query = &slow["queries"][0];
    assert!(query["query"].as_str().unwrap().contains("whose"), "{slow}");
    assert!(query["total_ms"].as_f64().unwrap() >= 50.0);
    project.harness(["slow-queries", "3", "--reset"]).run().succeeds();
    let after = project.harness(["slow-queries", "3", "--json"]).run().succeeds().stdout;
    assert!(!after.contains("whose"), "{after}");
    let other = project.harness(["slow-queries", "4"]).run().succeeds().stdout;
    assert!(other.contains("somebody"), "{other}");
}

#[test]
fn psql_prints_what_is_asked_for_and_passes_its_status_on() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let query = "select 'a,b' as one, null as two, 'say \"hi\"' as three";
    let csv = project.harness(["psql", "3", query, "--csv"]).run().succeeds().stdout;
    let theirs = project.harness(["psql", "3", "--csv", "--", "-c", query]).run().succeeds().stdout;
    assert_eq!(csv, "one,two,three\n\"a,b\",,\"say \"\"hi\"\"\"\n");
    assert_eq!(csv, theirs, "as psql writes it");
    let refused = project.harness(["psql", "3", "select nonsense", "--json"]).run().exits_with(1);
    assert_eq!(refused.json()["error"]["code"], "query.failed");
    project.harness(["psql", "3", "--", "-c", "select nonsense"]).run().exits_with(1);
    project.harness(["psql", "4", "select 1"]).run().exits_with(125).says("agent 4 does not exist");
}

#[test]
fn what_was_kept_outlives_a_reset_that_fails() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .toml("[database]\npost_clone = [\"test ! -e broken\"]")
        .application("api")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);
    post(port, "/items", "text/plain", b"kept");
    project.harness(["db", "snapshot", "3", "good"]).run().succeeds();

    project.put("broken", "");
    let failed = project.harness(["db", "reset", "3", "--yes", "--json"]).run().exits_with(3);
    assert_eq!(failed.json()["error"]["code"], "post_clone.failed");
    project.harness(["db", "restore", "3", "good"]).run().succeeds();
    std::fs::remove_file(project.root().join("broken")).unwrap();
    // restored is complete: a launch must not take it for a clone that was cut off
    project.harness(["launch", "3"]).run().succeeds();
    assert!(get(port, "/items").body.contains("kept"));

    // also what is asked to be replaced leaves snapshots alone
    project.harness(["launch", "3", "--reset-db"]).run().succeeds();
    assert_eq!(get(port, "/items").body.trim(), "seeded");
    project.harness(["db", "restore", "3", "good"]).run().succeeds();
    assert!(get(port, "/items").body.contains("kept"));
}

#[test]
fn what_only_psql_understands_goes_to_psql() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let tables = project.harness(["psql", "3", r"\dt"]).run().succeeds().stdout;
    assert!(tables.contains("items"), "{tables}");
    let copied = project.harness(["psql", "3", "copy (select name from items) to stdout"]).run().succeeds();
    assert_eq!(copied.stdout, "seeded\n");
}

#[test]
fn each_statement_of_a_query_has_its_result() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let query = "select 1 as one; update items set name = name; select 2 as two, 'x' as x";
    let text = project.harness(["psql", "3", query]).run().succeeds().stdout;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
    assert!(at("one") < at("1 row affected") && at("1 row affected") < at("two"), "{text}");
    let csv = project.harness(["psql", "3", query, "--csv"]).run().succeeds().stdout;
    assert_eq!(csv, "one\n1\ntwo,x\n2,x\n");
    let json = project.harness(["psql", "3", query, "--json"]).run().succeeds().json();
    assert_eq!(json["columns"], serde_json::json!(["two", "x"]));
    let affected: Vec<u64> =
        json["statements"].as_array().unwrap().iter().map(|it| it["affected"].as_u64().unwrap()).collect();
    assert_eq!(affected, [1, 1, 1], "{json}");
    // what came before one that fails is shown, as psql shows it
    let failing = "select 5 as five; select nonsense";
    let failed = project.harness(["psql", "3", failing]).run().exits_with(1);
    assert!(failed.stdout.contains("five") && failed.stderr.contains("nonsense"), "{failed}");
    let failed = project.harness(["psql", "3", failing, "--csv"]).run().exits_with(1);
    assert_eq!(failed.stdout, "five\n5\n");
    let failed = project.harness(["psql", "3", failing, "--json"]).run().exits_with(1);
    assert_eq!(failed.json()["error"]["code"], "query.failed");
    let lines = project.harness(["psql", "3", "select e'a\\nlonger' as one, 'x' as x"]).run().succeeds().stdout;
    assert!(lines.contains("a     +  x\nlonger\n"), "a value of two lines is one row: {lines}");
    let one = project.harness(["psql", "3", "select 1", "--json"]).run().succeeds().json();
    assert_eq!(one.get("statements"), None);
}
