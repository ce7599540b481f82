//! Snapshots, reset, queries, statistics: what `harness db`, `psql` and `slow-queries` stand on.

use harness::postgres::{clone, query, slow_queries, snapshot};
use harness::report::Failure;

use crate::support::{TestPostgres, TestTemplate, agent, block_on, try_sql};

#[test]
fn a_snapshot_brings_the_kept_state_back() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let (login, other) = (project.launch(1), project.launch(11));
    let (server, home) = (&project.server, &project.home);
    try_sql(
        &login,
        "INSERT INTO message (body) VALUES ('kept'); ALTER DATABASE agent_1 SET timezone = 'Europe/Berlin'",
    )
    .unwrap();
    block_on(snapshot::create(server, home, agent(1), "before_test")).unwrap();
    try_sql(&login, "DROP TABLE message").unwrap();
    block_on(snapshot::restore(server, home, agent(1), "before_test")).unwrap();
    assert_eq!(try_sql(&login, "SELECT body FROM message ORDER BY id").unwrap(), ["seed", "kept"]);
    assert_eq!(try_sql(&login, "SHOW timezone").unwrap(), ["Europe/Berlin"]);
    try_sql(&login, "ALTER TABLE message ADD COLUMN more int").unwrap();

    // it can be restored again, is listed with its size, and is nobody else's
    block_on(snapshot::restore(server, home, agent(1), "before_test")).unwrap();
    let listed = block_on(snapshot::list(server, home, agent(1))).unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str()), (1, "before_test"));
    assert!(listed[0].bytes > 1_000_000 && listed[0].made_at.is_some());
    assert_eq!(block_on(snapshot::list(server, home, agent(11))).unwrap(), []);
    assert_eq!(try_sql(&other, "SELECT body FROM message").unwrap(), ["seed"]);
    block_on(snapshot::drop(server, home, agent(1), "before_test")).unwrap();
    assert_eq!(block_on(snapshot::list(server, home, agent(1))).unwrap(), []);
}

#[test]
fn names_of_snapshots_are_checked_and_known_ones_are_told() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    project.launch(1);
    let (server, home) = (&project.server, &project.home);
    let code = |outcome: harness::postgres::Result<()>| Failure::from(outcome.unwrap_err()).document();
    block_on(snapshot::create(server, home, agent(1), "one")).unwrap();
    assert_eq!(code(block_on(snapshot::create(server, home, agent(1), "one"))).code, "snapshot.exists");
    let missing = code(block_on(snapshot::restore(server, home, agent(1), "two")).map(|_| ()));
    assert_eq!((missing.code.as_str(), missing.hint.as_deref()), ("snapshot.missing", Some("there are: one")));
    assert_eq!(code(block_on(snapshot::create(server, home, agent(1), "a-b"))).code, "snapshot.invalid_name");
    assert_eq!(code(block_on(snapshot::create(server, home, agent(2), "one"))).code, "database.missing");
}

#[test]
fn reset_gives_a_fresh_clone_and_keeps_role_and_snapshots() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let login = project.launch(1);
    let (server, home) = (&project.server, &project.home);
    block_on(snapshot::create(server, home, agent(1), "one")).unwrap();
    try_sql(&login, "DROP TABLE message").unwrap();
    block_on(snapshot::reset(server, &project.ensure(), &project.request(1, &login.password))).unwrap();
    assert_eq!(try_sql(&login, "SELECT body FROM message").unwrap(), ["seed"]);
    try_sql(&login, "ALTER TABLE message ADD COLUMN more int").unwrap();
    assert_eq!(block_on(snapshot::list(server, home, agent(1))).unwrap().len(), 1);
}

#[test]
fn a_complete_database_is_kept_by_another_launch() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let first = project.launch(1);
    try_sql(&first, "INSERT INTO message (body) VALUES ('mine')").unwrap();
    let again = project.launch(1);
    assert_eq!(try_sql(&again, "SELECT count(*) FROM message").unwrap(), ["2"]);
    assert!(try_sql(&first, "SELECT 1").is_err(), "the password is the new one");
    assert!(block_on(clone::exists(&project.server, &project.home, agent(1))).unwrap());
    assert!(!block_on(clone::exists(&project.server, &project.home, agent(2))).unwrap());

    let other = TestTemplate { project: "other".into(), ..TestTemplate::small(&postgres) };
    let error = Failure::from(block_on(other.try_launch(1)).unwrap_err()).document();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("database.other_project", "database `agent_1` belongs to project `board`")
    );
}

#[test]
fn a_query_returns_columns_and_values() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let login = project.launch(1);
    let results = block_on(query::run(
        &login,
        "UPDATE message SET body = NULL; SELECT id, body, 1.50 AS price FROM message; SELECT 1 WHERE false",
    ))
    .unwrap();
    assert_eq!((results[0].columns.len(), results[0].affected), (0, 1));
    assert_eq!(results[1].columns, ["id", "body", "price"]);
    assert_eq!(results[1].rows, [[Some("1".to_owned()), None, Some("1.50".to_owned())]]);
    assert_eq!((results[2].columns.len(), results[2].rows.len()), (1, 0));
    let error = Failure::from(block_on(query::run(&login, "SELECT nothing")).unwrap_err()).document();
    assert_eq!(error.causes, ["ERROR: column \"nothing\" does not exist"]);
}

#[test]
fn slow_queries_are_those_of_one_database() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let (one, two) = (project.launch(1), project.launch(2));
    try_sql(&one, "SELECT pg_sleep(0.05)").unwrap();
    try_sql(&two, "SELECT count(*) FROM message WHERE body = 'secret of two'").unwrap();
    let slow = block_on(slow_queries::list(&project.server, "agent_1", 10)).unwrap();
    assert_eq!(slow[0].query, "SELECT pg_sleep($1)");
    assert!(slow[0].total_ms >= 50.0 && slow[0].calls == 1, "{slow:?}");
    assert!(slow.iter().all(|query| !query.query.contains("message")));
    block_on(slow_queries::reset(&project.server, "agent_1")).unwrap();
    assert_eq!(block_on(slow_queries::list(&project.server, "agent_1", 10)).unwrap(), []);
    assert!(!block_on(slow_queries::list(&project.server, "agent_2", 10)).unwrap().is_empty());

    let bare = TestPostgres::start_with(&["shared_preload_libraries="]);
    block_on(harness::postgres::prepare(&bare.server())).unwrap();
    let error = Failure::from(block_on(slow_queries::list(&bare.server(), "agent_1", 10)).unwrap_err()).document();
    assert_eq!(error.code, "postgres.statements_unavailable");
    assert!(error.hint.unwrap().contains("shared_preload_libraries"));
}
