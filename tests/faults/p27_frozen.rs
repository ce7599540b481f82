//! P27, D17: a shared server accepts connections and never answers, or died a moment ago.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{LONG, Outcome, TestHome, TestProject, is_alive, wait_for, wait_until};

/// For a verb that only reads: 3 s, and as much again for a busy machine.
const READING: Duration = Duration::from_secs(6);
/// For any other verb: 15 s, and some for a busy machine.
const OTHERS: Duration = Duration::from_secs(20);
/// After a server was frozen, until it serves again: 30 s, and some for a busy machine.
const BACK: Duration = Duration::from_secs(45);

fn server(project: &TestProject<'_>, name: &str) -> Value {
    let outcome = project.harness(["infra", "ps", "--json"]).run().succeeds();
    assert!(outcome.duration < READING, "`infra ps` took {:?}", outcome.duration);
    let status = outcome.json();
    status["services"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
}

fn pid(row: &Value) -> u32 {
    u32::try_from(row["pid"].as_u64().expect("a pid")).unwrap()
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// A command that does its work or names the frozen server, in bounded time either way.
#[track_caller]
fn works_or_names(outcome: &Outcome, name: &str) {
    assert!(outcome.duration < OTHERS, "`{}` took {:?}", outcome.command, outcome.duration);
    if outcome.code != Some(0) {
        // the error of a launch is that of its agent
        let said = &outcome.stdout;
        let named = said.contains("\"infra.frozen\"") && said.contains(&format!("`{name}` is frozen"))
            || said.contains("\"postgres.frozen\"") && name == "db";
        assert!(named && said.contains("\"hint\": \""), "`{}`: {said}", outcome.command);
    }
}

/// Freezes a server; returns when it serves again as another process.
fn freeze(project: &TestProject<'_>, name: &str, meanwhile: impl FnOnce()) {
    let before = server(project, name);
    signal(pid(&before), Signal::STOP);
    let began = Instant::now();
    let row = server(project, name);
    assert_eq!(row["state"], "frozen", "{row}");
    assert!(row["reason"].as_str().unwrap().contains("does not answer"), "{row}");
    let status = project.harness(["status"]).run();
    assert!(status.duration < READING && status.stdout.contains("frozen"), "{:?}: {}", status.duration, status.stdout);
    let status = project.harness(["status", "3"]).run();
    assert!(status.duration < READING, "{:?}: {}", status.duration, status.stdout);
    let doctor = project.harness(["doctor"]).run();
    assert!(doctor.stdout.contains(&format!("{name}: frozen")), "{}", doctor.stdout);
    meanwhile();
    wait_for(&format!("{name} to serve again"), BACK.saturating_sub(began.elapsed()), || {
        let now = server(project, name);
        if now["state"] == "ready" && now["pid"] != before["pid"] { Ok(()) } else { Err(now.to_string()) }
    });
    assert!(!is_alive(pid(&before)), "the frozen process is gone");
}

#[test]
fn p27_every_frozen_server_is_named_and_comes_back_by_itself() {
    let other = TestHome::new();
    let decoy = other.project("decoy").with_database().with_s3().with_mail().write();
    decoy.harness(["setup"]).run().succeeds();
    let names = ["db", "minio", "mailpit"];
    let untouched = names.map(|name| pid(&server(&decoy, name)));

    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().with_mail().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["psql", "3", "insert into items (name) values ('kept')"]).run().succeeds();
    let rows = project.query(3, "select count(*) from items").unwrap();
    freeze(&project, "db", || {
        works_or_names(&project.harness(["psql", "3", "select 1", "--json"]).run(), "db");
        works_or_names(&project.harness(["launch", "3", "--json"]).run(), "db");
        let dry = project.harness(["teardown", "3", "--dry-run"]).run();
        assert!(dry.duration < OTHERS, "{:?}", dry.duration);
    });
    wait_until("the database", LONG, || project.query(3, "select count(*) from items").as_ref() == Ok(&rows));
    freeze(&project, "minio", || works_or_names(&project.harness(["launch", "3", "--json"]).run(), "minio"));
    freeze(&project, "mailpit", || works_or_names(&project.harness(["launch", "3", "--json"]).run(), "mailpit"));
    project.harness(["launch", "3"]).run().succeeds();

    let now = names.map(|name| pid(&server(&decoy, name)));
    assert_eq!(now, untouched, "the servers of the other home are left alone");
    assert!(now.into_iter().all(is_alive));
}

/// As behind a firewall that drops what a server says: it is restarted, and restarted again, and never answers.
#[test]
fn p27_a_server_that_never_answers_again_ends_every_command() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    let file = home.path().join("infra/db/data/postmaster.pid");
    let running = || std::fs::read_to_string(&file).ok()?.lines().next()?.parse::<u32>().ok();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let freezer = scope.spawn(|| {
            // each postmaster that the supervisor starts, as soon as it says that it is there
            wait_until("the commands to end", LONG, || {
                if let Some(pid) = running().filter(|pid| is_alive(*pid)) {
                    let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::STOP);
                }
                ended.load(Ordering::Relaxed)
            });
        });
        wait_until("the server to be frozen", LONG, || server(&project, "db")["state"] == "frozen");
        for arguments in
            [&["launch", "5", "--json"][..], &["teardown", "4", "--json"], &["db", "3", "snapshot", "x", "--json"]]
        {
            let outcome = project.harness(arguments.iter().copied()).run();
            assert_ne!(outcome.code, Some(0), "{outcome}");
            works_or_names(&outcome, "db");
        }
        let dry = project.harness(["teardown", "3", "--dry-run"]).run();
        assert!(dry.duration < READING, "{:?}", dry.duration);
        ended.store(true, Ordering::Relaxed);
        freezer.join().unwrap();
    });
    if let Some(pid) = running() {
        let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::CONT);
    }
    project.harness(["teardown", "4"]).run().succeeds();
    project.harness(["launch", "5"]).run().succeeds();
}

/// Where Chromium is installed: the question must not restart a browser that is healthy.
#[test]
fn p27_servers_that_answer_are_never_restarted() {
    let home = TestHome::new();
    let project = home.project("shop").with_database().with_s3().with_mail().with_browser().write();
    project.harness(["setup"]).run().succeeds();
    let rows = || {
        let status = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
        let rows = status["services"].as_array().unwrap().clone();
        rows.into_iter().map(|row| (row["name"].clone(), row["state"].clone(), row["pid"].clone())).collect::<Vec<_>>()
    };
    let (before, began) = (rows(), Instant::now());
    wait_until("three questions and more to every server", LONG, || {
        assert_eq!(rows(), before);
        began.elapsed() > Duration::from_secs(12)
    });
}

#[test]
fn p27_a_stranger_that_accepts_and_never_answers_is_named() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["teardown", "--infra", "--force"]).run().succeeds();
    let stranger = TcpListener::bind(("127.0.0.1", home.database_port())).unwrap();
    for arguments in [&["status", "3"][..], &["infra", "ps"], &["doctor"], &["ports"]] {
        let outcome = project.harness(arguments.iter().copied()).run();
        assert!(outcome.duration < READING, "`{}` took {:?}", outcome.command, outcome.duration);
    }
    let query = project.harness(["psql", "3", "select 1"]).run();
    assert!(query.code != Some(0) && query.duration < OTHERS, "{:?}", query.duration);
    let launch = project.harness(["launch", "3"]).run().exits_with(5).says("is in use by");
    assert!(launch.duration < OTHERS && launch.stderr.contains(&std::process::id().to_string()), "{}", launch.stderr);
    drop(stranger);
    project.harness(["launch", "3"]).run().succeeds();
}

#[test]
fn d17_a_command_right_after_a_shared_server_died_waits_for_it() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    for arguments in [&["psql", "3", "select 1"][..], &["db", "3", "snapshot", "now"], &["launch", "4"]] {
        signal(pid(&server(&project, "db")), Signal::KILL);
        project.harness(arguments.iter().copied()).run().succeeds();
    }
}

#[test]
fn d17_a_teardown_right_after_the_mail_server_died_waits_for_it() {
    let home = TestHome::new();
    let project = home.project("shop").with_mail().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    signal(pid(&server(&project, "mailpit")), Signal::KILL);
    project.harness(["teardown", "3"]).run().succeeds();
}
