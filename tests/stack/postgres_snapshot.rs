//! Snapshots, reset, queries, statistics: what `harness db`, `psql` and `slow-queries` stand on.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use harness::postgres::{DatabaseCredentials, clone, query, slow_queries, snapshot};
use harness::report::Failure;

use crate::support::{LONG, TestPostgres, TestTemplate, agent, block_on, try_sql, wait_until};

/// A session that has begun a transaction and waits for its next statement.
fn in_transaction(postgres: &TestPostgres, login: &DatabaseCredentials, body: &str) -> Child {
    let mut session = Command::new("psql")
        .args(["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", &login.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    say(&mut session, &format!("BEGIN; INSERT INTO message (body) VALUES ('{body}');"));
    wait_until("the transaction", LONG, || {
        !postgres.sql("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'").is_empty()
    });
    session
}

fn say(session: &mut Child, sql: &str) {
    writeln!(session.stdin.as_mut().unwrap(), "{sql}").unwrap();
}

#[test]
fn draining_waits_for_open_transactions_and_then_cuts() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let login = project.launch(1);
    let (home, patient) = (&project.home, project.server.clone().draining(LONG));
    let looks = || {
        !postgres.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%xact_start IS NOT NULL%' AND pid <> pg_backend_pid()").is_empty()
    };
    // the snapshot has what was committed while it waited
    let mut session = in_transaction(&postgres, &login, "kept");
    thread::scope(|scope| {
        let taken = scope.spawn(|| block_on(snapshot::create(&patient, home, agent(1), "one")).unwrap());
        wait_until("the command to wait", LONG, looks);
        say(&mut session, "COMMIT;");
        assert_eq!(taken.join().unwrap().open, 0);
    });
    drop(session.stdin.take());
    session.wait().unwrap();
    assert_eq!(try_sql(&login, "SELECT body FROM message ORDER BY id").unwrap(), ["seed", "kept"]);
    try_sql(&login, "DELETE FROM message").unwrap();
    // one that does not end is cut off, and counted
    let mut session = in_transaction(&postgres, &login, "lost");
    let hasty = project.server.clone().draining(Duration::from_millis(50));
    let (_, cut) = block_on(snapshot::restore(&hasty, home, agent(1), "one")).unwrap();
    assert_eq!(cut.open, 1);
    say(&mut session, "COMMIT;");
    drop(session.stdin.take());
    assert!(!session.wait().unwrap().success());
    assert_eq!(try_sql(&login, "SELECT body FROM message ORDER BY id").unwrap(), ["seed", "kept"]);
    let template = project.ensure();
    let cut = block_on(snapshot::reset(&patient, &template, &project.request(1, &login.password))).unwrap();
    assert_eq!((cut.open, try_sql(&login, "SELECT body FROM message").unwrap()), (0, vec!["seed".to_owned()]));
}

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
    assert_eq!(code(block_on(snapshot::create(server, home, agent(1), "one")).map(drop)).code, "snapshot.exists");
    let missing = code(block_on(snapshot::restore(server, home, agent(1), "two")).map(|_| ()));
    assert_eq!((missing.code.as_str(), missing.hint.as_deref()), ("snapshot.missing", Some("there are: one")));
    assert_eq!(code(block_on(snapshot::create(server, home, agent(1), "a-b")).map(drop)).code, "snapshot.invalid_name");
    assert_eq!(code(block_on(snapshot::create(server, home, agent(2), "one")).map(drop)).code, "database.missing");
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
