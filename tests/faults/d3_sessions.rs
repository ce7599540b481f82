//! D3, D5: sessions sit on a database that is to be copied or dropped, and come back.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::postgres::{DatabaseCredentials, snapshot, unfinished};

use crate::support::{SHORT, TestPostgres, TestTemplate, agent, block_on, try_sql, wait_until};

/// Connects again and again, holding a transaction open each time, while `work` runs.
fn under_sessions<T>(login: &DatabaseCredentials, work: impl FnOnce() -> T) -> T {
    let (done, begun) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            let (done, begun) = (&done, &begun);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    begun.fetch_add(1, Ordering::Relaxed);
                    // ended by force, or refused: once more
                    let _ = try_sql(login, "BEGIN; SELECT count(*) FROM pg_class; SELECT pg_sleep(20)");
                }
            });
        }
        wait_until("sessions", SHORT, || begun.load(Ordering::Relaxed) > 3 || { begun.load(Ordering::Relaxed) >= 3 });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        result
    })
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[test]
fn d3_sessions_on_the_template_do_not_stop_a_clone() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let template = project.ensure().name;
    postgres.sql(&format!("ALTER DATABASE {template} ALLOW_CONNECTIONS true"));
    let visitor = DatabaseCredentials { database: template, ..postgres.admin() };
    let took = under_sessions(&visitor, || {
        let began = Instant::now();
        for id in 1..=3 {
            let login = project.launch(id);
            assert_eq!(try_sql(&login, "SELECT body FROM message").unwrap(), ["seed"]);
        }
        // while the visitors are there, for they would keep the test waiting
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
        began.elapsed()
    });
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn d5_a_database_with_sessions_is_dropped() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let (three, four) = (project.launch(3), project.launch(4));
    let report = under_sessions(&three, || project.teardown(3));
    assert_eq!((report.databases, report.roles), (vec!["agent_3".to_owned()], vec!["agent_3".to_owned()]));
    assert!(try_sql(&three, "SELECT 1").is_err());
    assert_eq!(try_sql(&four, "SELECT body FROM message").unwrap(), ["seed"]);
}

#[test]
fn d5_a_database_with_sessions_is_snapshot_and_restored() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let login = project.launch(1);
    let (server, home) = (&project.server, &project.home);
    under_sessions(&login, || {
        block_on(snapshot::create(server, home, agent(1), "before")).unwrap();
    });
    try_sql(&login, "DELETE FROM message").unwrap();
    under_sessions(&login, || {
        block_on(snapshot::restore(server, home, agent(1), "before")).unwrap();
    });
    assert_eq!(try_sql(&login, "SELECT body FROM message").unwrap(), ["seed"]);
    block_on(unfinished::drop_replaced(server, home, agent(1))).unwrap();
    assert_eq!(postgres.databases().iter().filter(|name| name.starts_with("agent_")).count(), 2);
}
