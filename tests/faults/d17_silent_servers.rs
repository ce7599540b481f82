//! D17, P27: a server that is gone for a moment is waited for; one that never answers is named in bounded time.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use harness::postgres::{Access, Error, Patience, Server, query};
use harness::report::Failure;
use harness::system::Secret;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{LONG, TestHome, TestPostgres, block_on, wait_until};

#[test]
fn p27_a_program_that_accepts_and_never_answers_is_no_postgresql() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::local(port, "postgres", Secret::new("x")).with_patience(Patience::READING);
    let began = Instant::now();
    let agent = crate::support::agent(3);
    let error = block_on(query::run(&server.agent_login(agent, &Secret::new("x")), "SELECT 1")).unwrap_err();
    assert!(matches!(error, Error::Frozen { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let document = Failure::from(error).document();
    assert_eq!(document.code, "postgres.frozen");
    assert!(document.message.contains(&format!("127.0.0.1:{port}")), "{}", document.message);
    assert!(document.hint.unwrap().contains("harness infra ps"));
}

#[test]
fn p27_a_server_that_freezes_during_a_long_statement_is_noticed() {
    let postgres = TestPostgres::start();
    let mut login = postgres.admin();
    login.access.patience = Patience { silence: Duration::from_secs(1), ..Patience::READING };
    // longer than the patience, and no reason to give up
    block_on(query::run(&login, "SELECT pg_sleep(3)")).unwrap();
    let postmaster = postgres.pid();
    let frozen = std::thread::scope(|scope| {
        scope.spawn(|| {
            let running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'";
            wait_until("the statement to run", LONG, || postgres.sql(running) == ["1"]);
            kill_process(postmaster, Signal::STOP).unwrap();
        });
        let began = Instant::now();
        let error = block_on(query::run(&login, "SELECT pg_sleep(60)"));
        (error, began.elapsed())
    });
    kill_process(postmaster, Signal::CONT).unwrap();
    assert!(matches!(frozen.0, Err(Error::Frozen { .. })), "{frozen:?}");
    assert!(frozen.1 < Duration::from_secs(30), "{:?}", frozen.1);
}

#[test]
fn p27_verbs_name_a_frozen_database_server_in_bounded_time() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = || {
        let status = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
        let services = status["services"].as_array().unwrap().clone();
        let row = services.into_iter().find(|row| row["name"] == "db").unwrap();
        row["pid"].as_u64().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?))
    };
    let frozen = pid().unwrap();
    for (arguments, code, limit) in [
        (&["psql", "3", "select 1", "--json"][..], 125, 3),
        (&["slow-queries", "3", "--json"], 4, 3),
        (&["db", "3", "list", "--json"], 4, 3),
        (&["db", "3", "snapshot", "now", "--json"], 4, 15),
    ] {
        // the supervisor may have restarted it since
        kill_process(pid().unwrap_or(frozen), Signal::STOP).unwrap();
        let began = Instant::now();
        let outcome = project.harness(arguments.iter().copied()).run();
        let took = began.elapsed();
        assert!(took < Duration::from_secs(limit + 2), "{arguments:?} took {took:?}: {outcome}");
        if outcome.code != Some(0) {
            let document = outcome.exits_with(code).json();
            // the liveness probe may be restarting the frozen server at this moment
            let code = document["error"]["code"].as_str().unwrap_or_default();
            assert!(["postgres.frozen", "postgres.unreachable"].contains(&code), "{document}");
        }
    }
    let _ = kill_process(frozen, Signal::CONT);
    wait_until("the server to answer again", LONG, || project.query(3, "select 1").is_ok());
}

#[test]
fn d17_a_command_right_after_the_server_died_waits_for_it() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().write();
    project.harness(["launch", "3"]).run().succeeds();
    let status = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
    let row = status["services"].as_array().unwrap().iter().find(|row| row["name"] == "db").unwrap().clone();
    let pid = Pid::from_raw(i32::try_from(row["pid"].as_u64().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    project.harness(["db", "3", "snapshot", "now"]).run().succeeds();
    project.harness(["psql", "3", "select 1"]).run().succeeds();
}

#[test]
fn d17_an_external_server_that_is_down_is_not_waited_for() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server { access: Access::EXTERNAL, ..Server::local(port, "admin", Secret::new("x")) };
    let began = Instant::now();
    let error = block_on(harness::postgres::Admin::connect(&server)).err().unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
    let document = Failure::from(error).document();
    assert_eq!(document.code, "postgres.unreachable");
    assert!(document.hint.unwrap().contains("correct `url` of `[infra.postgres]`"));
}
