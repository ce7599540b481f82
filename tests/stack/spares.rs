//! Spares from the command line: made after a launch, taken by the next one, gone when nothing can use them.

use std::collections::BTreeSet;

use super::doctor_gc::admin;
use crate::support::{LONG, TestHome, TestProject, get, wait_for};

/// The OIDs and names of databases, which a rename does not change and does.
fn databases(project: &TestProject<'_>, pattern: &str) -> Vec<(String, String)> {
    let query = format!("select oid, datname from pg_database where datname ~ '{pattern}' order by datname");
    let found = project.harness(["psql", "1", &query, "--json"]).run().succeeds().json();
    let value = |row: &serde_json::Value, at: usize| row[at].as_str().unwrap().to_owned();
    found["rows"].as_array().unwrap().iter().map(|row| (value(row, 0), value(row, 1))).collect()
}

/// Waits until there are so many complete spares and none that is unfinished; returns their OIDs.
fn spares(project: &TestProject<'_>, count: usize) -> BTreeSet<String> {
    wait_for(&format!("{count} spares"), LONG, || {
        let found = databases(project, "^spare_");
        let whole = found.iter().all(|(_, name)| !name.ends_with("_building"));
        if found.len() == count && whole {
            Ok(found.into_iter().map(|(oid, _)| oid).collect())
        } else {
            Err(format!("{found:?}"))
        }
    })
}

fn oid_of(project: &TestProject<'_>, agent: u8) -> String {
    databases(project, &format!("^agent_{agent}$")).remove(0).0
}

#[test]
fn the_next_launch_and_a_reset_take_a_spare_and_it_is_replaced() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 2").application("api").write();
    project.harness(["launch", "1"]).run().succeeds();
    let ready = spares(&project, 2);
    project.harness(["launch", "2"]).run().succeeds();
    assert!(ready.contains(&oid_of(&project, 2)));
    assert_eq!(get(project.port("api", 2), "/items").body, "seeded\n");

    let ready = spares(&project, 2);
    project.harness(["db", "1", "reset", "--yes"]).run().succeeds();
    assert!(ready.contains(&oid_of(&project, 1)));
    assert_eq!(get(project.port("api", 1), "/items").body, "seeded\n");

    let ready = spares(&project, 2);
    project.harness(["launch", "1", "--reset-db"]).run().succeeds();
    assert!(ready.contains(&oid_of(&project, 1)));
    assert_eq!(get(project.port("api", 1), "/items").body, "seeded\n");

    // they are no leftovers, and nobody's
    spares(&project, 2);
    wait_for("the replaced database to be dropped", LONG, || {
        let left = databases(&project, "_outgoing$");
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
    let gc = project.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    assert_eq!(gc["removed"], serde_json::json!([]), "{gc}");
    let status = project.harness(["status", "--json"]).run().succeeds().stdout;
    assert!(!status.contains("spare"), "{status}");
    project.harness(["teardown", "2"]).run().succeeds();
    assert_eq!(spares(&project, 2).len(), 2);
}

#[test]
fn the_setting_rules_and_stale_spares_go() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 1").application("api").write();
    project.harness(["setup"]).run().succeeds();
    project.harness(["launch", "1"]).run().succeeds();
    let first = spares(&project, 1);

    // another template: those of the old one stay while an agent comes from it
    project.put("seed.sql", "INSERT INTO items (name) VALUES ('sown');\n");
    project.harness(["launch", "2"]).run().succeeds();
    assert!(first.is_subset(&spares(&project, 2)));
    project.harness(["launch", "1", "--reset-db"]).run().succeeds();
    wait_for("spares of the new template alone", LONG, || {
        let ready = spares(&project, 1);
        if ready.is_disjoint(&first) { Ok(()) } else { Err(format!("{ready:?}")) }
    });
    assert_eq!(get(project.port("api", 1), "/items").body, "sown\n");

    project.replace("harness.toml", "spares = 1", "spares = 0");
    project.harness(["launch", "3"]).run().succeeds();
    spares(&project, 0);
    project.replace("harness.toml", "spares = 0", "spares = 100");
    let refused = project.harness(["config", "check"]).run().exits_with(3);
    assert!(refused.stdout.contains("database.spares"), "{refused}");
}

#[test]
fn doctor_says_why_spares_could_not_be_made() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 1").application("api").write();
    project.harness(["launch", "1"]).run().succeeds();
    spares(&project, 1);
    let about = || project.harness(["doctor"]).run().stdout;
    assert!(!about().contains("spares"), "{}", about());
    std::fs::write(home.path().join("infra/spares.log"), "tpl_0: cannot create database `spare_0_1`\n").unwrap();
    assert!(about().contains("could not be made: tpl_0: cannot create database"), "{}", about());
    // the next refill that does not fail
    project.harness(["db", "1", "reset", "--yes"]).run().succeeds();
    assert!(!about().contains("could not be made"), "{}", about());
}

#[test]
fn gc_removes_a_spare_that_no_launch_can_use_and_nothing_like_it() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 1").application("api").write();
    project.harness(["launch", "1"]).run().succeeds();
    spares(&project, 1);
    let template = databases(&project, "^tpl_").remove(0).1;
    admin(&home, &format!("drop database {template}"));
    admin(&home, "create database spare_of_somebody");
    let gc = project.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    assert!(gc["removed"].to_string().contains("a spare that no launch can use"), "{gc}");
    project.harness(["gc"]).run().succeeds();
    let left: Vec<String> = databases(&project, "^spare_").into_iter().map(|(_, name)| name).collect();
    assert_eq!(left, ["spare_of_somebody"]);
}
