//! What commands on a database leave when they are cut off, and what they do not overwrite.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::doctor_gc::{admin, admin_session};
use crate::support::{LONG, TestHome, TestProject, marked, wait_for, wait_until};

fn databases(home: &TestHome) -> Vec<String> {
    let found = admin(home, "select datname from pg_database where datname ~ '^agent_' order by 1");
    found.lines().map(str::to_owned).collect()
}

#[test]
fn what_a_killed_snapshot_or_load_leaves_is_collected_and_made_again() {
    let home = TestHome::new();
    let project =
        home.project("shop").with_items().toml("[database]\nspares = 0\ncreate = true").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["db", "3", "snapshot", "whole"]).run().succeeds();
    // the agent's own, which only look like it
    project.query(3, "create database agent_3_snap_mine").unwrap();
    project.query(3, "create database agent_3_incoming_of_mine").unwrap();
    let kept = ["agent_3", "agent_3_incoming_of_mine", "agent_3_snap_mine", "agent_3_snap_whole"];
    assert_eq!(databases(&home), kept);

    // as a copy is between CREATE DATABASE and its mark
    let leave = || {
        for name in ["agent_3_snap_half", "agent_3_incoming"] {
            admin(&home, &format!("create database {name} owner agent_3 template template0 allow_connections false"));
        }
    };
    leave();
    let would = project.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    let names: Vec<&str> =
        would["removed"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["agent_3_snap_half", "agent_3_incoming"], "{would}");
    assert!(would.to_string().contains("agent 3 that was killed"), "{would}");
    project.harness(["gc"]).run().succeeds();
    assert_eq!(databases(&home), kept);

    // what the list does not show can be made
    leave();
    let listed = project.harness(["db", "3", "list"]).run().succeeds().stdout;
    assert!(!listed.contains("half"), "{listed}");
    let made = project.harness(["db", "3", "snapshot", "half", "--json"]).run().succeeds().json();
    assert_eq!(made["snapshots"].as_array().unwrap().len(), 2, "{made}");
    project.harness(["db", "3", "snapshot", "half"]).run().exits_with(5);
    project.harness(["db", "3", "restore", "half"]).run().succeeds();
    assert!(!databases(&home).contains(&"agent_3_incoming".to_owned()));
    wait_until("the replaced database to be dropped", LONG, || {
        !databases(&home).contains(&"agent_3_outgoing".to_owned())
    });
    assert_eq!(project.harness(["gc", "--json"]).run().succeeds().json()["removed"], serde_json::json!([]));
}

/// What is replaced goes by itself; where that was killed, by the next command that knows of it.
#[test]
fn d26_what_a_restore_replaces_is_dropped_while_nobody_waits_or_by_the_next_command() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 0").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["db", "3", "snapshot", "one"]).run().succeeds();
    let outgoing = || databases(&home).contains(&"agent_3_outgoing".to_owned());
    let replaced_goes = || wait_until("the replaced database to be dropped", LONG, || !outgoing());
    for replace in [&["db", "3", "restore", "one"][..], &["db", "3", "reset", "--yes"], &["launch", "3", "--reset-db"]]
    {
        project.harness(replace.iter().copied()).run().succeeds();
        replaced_goes();
    }
    // at once again, whatever the one before has left
    for _ in 0..2 {
        project.harness(["db", "3", "restore", "one"]).run().succeeds();
    }
    project.harness(["db", "3", "snapshot", "two"]).run().succeeds();
    assert!(!outgoing(), "a snapshot has the room of what was replaced");

    leave_outgoing(&home, &project);
    let listed = project.harness(["db", "3", "list"]).run().succeeds().stdout;
    assert!(!listed.contains("outgoing"), "{listed}");
    let would = project.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    assert!(would.to_string().contains("has taken its place as that of agent 3"), "{would}");
    project.harness(["gc"]).run().succeeds();
    assert!(!outgoing());
    leave_outgoing(&home, &project);
    project.harness(["db", "3", "restore", "one"]).run().succeeds();
    replaced_goes();
    leave_outgoing(&home, &project);
    let gone = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    assert!(gone.to_string().contains("agent_3_outgoing"), "{gone}");
    assert_eq!(databases(&home), Vec::<String>::new());
}

/// Replaces the database, and kills the process that is to drop the old one before it can: a session that waits for the
/// agent's lock gets it first.
fn leave_outgoing(home: &TestHome, project: &TestProject<'_>) {
    let mut application = admin_session(home, "select pg_sleep(300)").args(["-d", "agent_3"]).spawn().unwrap();
    await_sleep(home, "^agent_3$");
    let restore = project.harness(["db", "3", "restore", "one", "--drain=300"]).spawn();
    let lock = "select (classid::bigint << 32) | objid::bigint from pg_locks where locktype = 'advisory' and granted";
    let key = wait_for("the restore's lock", LONG, || {
        let found = admin(home, lock);
        if found.trim().is_empty() { Err("no lock") } else { Ok(found.trim().to_owned()) }
    });
    let hold = format!("select pg_advisory_lock({key}), 'holds', pg_sleep(300)");
    let mut holder = admin_session(home, &hold).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let count = |what: &str| admin(home, &format!("select count(*) from {what}")).trim().to_owned();
    let waiting = "pg_locks where locktype = 'advisory' and not granted";
    wait_until("the session to wait", LONG, || count(waiting) == "1");
    application.kill().unwrap();
    application.wait().unwrap();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query ~";
    admin(home, &format!("{end} '^select pg_sleep'"));
    restore.wait().succeeds();
    let infra = format!("{}/infra", home.id().unwrap());
    let dropping = || marked(&infra).into_iter().find(|(_, command)| command.contains("drop-replaced 3"));
    let (pid, _) = wait_for("the process that drops", LONG, || dropping().ok_or("there is none"));
    wait_until("it to wait", LONG, || count(waiting) == "1");
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    wait_until("its end", LONG, || dropping().is_none());
    // also the session of the one that was killed, before it gets the lock
    admin(home, &format!("{end} 'pg_advisory_lock'"));
    holder.wait().unwrap();
    wait_until("all locks to be free", LONG, || count("pg_locks where locktype = 'advisory'") == "0");
    assert!(databases(home).contains(&"agent_3_outgoing".to_owned()));
}

/// Waits until a statement of psql sleeps in a database of this name.
fn await_sleep(home: &TestHome, pattern: &str) {
    wait_for("the statement to run", LONG, || {
        let query = format!("select count(*) from pg_stat_activity where datname ~ '{pattern}' and query ~ 'pg_sleep'");
        if admin(home, &query).trim() == "0" { Err(query) } else { Ok(()) }
    });
}

#[test]
fn a_load_and_a_build_that_are_interrupted_say_so_and_leave_nothing() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.put("slow.sql", "create table t (id int); select pg_sleep(300);");
    let load = project.harness(["db", "3", "load", "slow.sql", "--yes", "--json"]).spawn();
    await_sleep(&home, "^agent_3_incoming$");
    load.signal(Signal::INT);
    let interrupted = load.wait().exits_with(130);
    assert_eq!(interrupted.json()["error"]["code"], "interrupted", "{interrupted}");
    assert_eq!(databases(&home), ["agent_3"]);
    assert_eq!(project.query(3, "select name from items").unwrap(), ["seeded"]);

    project.put("seed.sql", "select pg_sleep(300);");
    let build = project.harness(["template", "build"]).spawn();
    await_sleep(&home, "_building$");
    build.signal(Signal::INT);
    build.wait().exits_with(130).says("interrupted");
    assert_eq!(admin(&home, "select datname from pg_database where datname ~ '_building$'").trim(), "");
}

fn partial(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".harness-dump-")).collect()
}

#[test]
fn a_dump_replaces_a_file_by_force_only_and_removes_what_a_killed_one_left() {
    let home = TestHome::new();
    let project: TestProject<'_> = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["db", "3", "dump", "one.sql"]).run().succeeds();
    project.put("one.sql", "precious");
    let refused = project.harness(["db", "3", "dump", "one.sql", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "db.file_exists", "{refused}");
    assert_eq!(fs::read_to_string(project.root().join("one.sql")).unwrap(), "precious");

    for name in [".harness-dump-1", ".harness-dump-2", ".harness-dump-of-mine"] {
        project.put(name, "half");
    }
    // one that is being written
    let at_work = fs::File::open(project.root().join(".harness-dump-2")).unwrap();
    rustix::fs::flock(&at_work, rustix::fs::FlockOperation::LockExclusive).unwrap();
    project.harness(["db", "3", "dump", "one.sql", "--force"]).run().succeeds();
    assert!(fs::read_to_string(project.root().join("one.sql")).unwrap().contains("CREATE TABLE public.items"));
    let mut left = partial(project.root());
    left.sort();
    assert_eq!(left, [".harness-dump-2", ".harness-dump-of-mine"]);

    let refused = project.harness(["db", "3", "dump", "/dev/null", "--force", "--json"]).run().exits_with(2).json();
    assert_eq!(refused["error"]["code"], "db.no_regular_file", "{refused}");
}

#[test]
fn no_spares_are_kept_where_a_running_agent_is_launched_with_none() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 1").application("api").write();
    project.harness(["launch", "1"]).run().succeeds();
    let spares = |count: &str| {
        wait_for("the spares", LONG, || {
            let query = "select count(*) from pg_database where datname ~ '^spare_[0-9a-f]+_[0-9]+$'";
            let found = admin(&home, query);
            if found.trim() == count { Ok(()) } else { Err(found) }
        });
    };
    spares("1");
    project.replace("harness.toml", "spares = 1", "spares = 0");
    project.harness(["launch", "1"]).run().succeeds();
    spares("0");
}
