//! docs/faults.md, row D23: what is known of the shared servers is lost, or who watches them is.

use std::fs;

use rustix::process::Signal;

use super::trio_of;
use crate::support::{TestHome, get, is_alive, listener};

#[test]
fn d23_servers_without_a_supervisor_are_said_to_run_and_are_taken_over() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_mail().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let (server, _) = listener(home.database_port()).unwrap();
    for process in trio_of(&home.path().join("infra")) {
        process.signal(Signal::KILL);
    }
    let shown = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
    let rows = shown["services"].as_array().unwrap();
    let db = rows.iter().find(|row| row["name"] == "db").unwrap();
    assert!(is_alive(server), "the server runs");
    assert_eq!(db["state"], "unsupervised", "{shown}");
    assert!(db["reason"].as_str().unwrap().contains("harness setup"), "{shown}");
    assert_eq!(shown["state"], "degraded", "{shown}");
    assert_eq!(get(project.port("api", 3), "/items").body, "seeded\n");
    // the next verb that starts anything mends it
    project.harness(["launch", "3"]).run().succeeds();
    let shown = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
    assert_eq!(shown["state"], "running", "{shown}");
    project.harness(["psql", "3", "select 1"]).run().succeeds();
}

#[test]
fn d23_a_lost_record_is_restored_or_nothing_is_decided_beside_the_data() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let record = home.path().join("infra/record.json");
    let whole = fs::read_to_string(&record).unwrap();
    for damage in [None, Some("{\"version\": 1, \"eng")] {
        match damage {
            None => fs::remove_file(&record).unwrap(),
            Some(text) => fs::write(&record, text).unwrap(),
        }
        project.harness(["psql", "3", "select 1"]).run().succeeds();
        project.harness(["setup"]).run().succeeds().says("restored from its copy");
        assert_eq!(fs::read_to_string(&record).unwrap(), whole);
    }
    // the copy is lost too
    fs::remove_file(&record).unwrap();
    fs::remove_file(home.path().join("infra/record.copy")).unwrap();
    let refused = project.harness(["setup", "--json"]).run().exits_with(4).json();
    assert_eq!(refused["error"]["code"], "infra.record_lost", "{refused}");
    assert!(refused["error"]["hint"].as_str().unwrap().contains("harness teardown --infra --volumes"), "{refused}");
    assert!(home.path().join("infra/db").exists(), "the data is there");
    // the hint, word for word; agent 3 is in the way of no one who deletes everything
    project.harness(["teardown", "3", "--force"]).run().succeeds();
    let removed = project.harness(["teardown", "--infra", "--volumes", "--json"]).run().succeeds().json();
    assert!(removed["infra"].to_string().contains("infra/db"), "{removed}");
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(get(project.port("api", 3), "/items").body, "seeded\n");
}

#[test]
fn d23_a_setup_that_failed_is_gone_on_with_on_the_engine_that_was_asked_for() {
    let home = TestHome::new();
    let project = home.project("shop").engine("auto").with_items().application("api").write();
    let bin = "[infra.postgres]\nbin_dir = \"/nonexistent\"\n";
    fs::write(project.root().join("harness.local.toml"), bin).unwrap();
    project.harness(["setup", "--engine", "native"]).run().exits_with(3);
    fs::remove_file(project.root().join("harness.local.toml")).unwrap();
    let setup = project.harness(["setup", "--json"]).run().succeeds().json();
    assert_eq!(setup["infra"]["engine"], "native", "{setup}");
}
