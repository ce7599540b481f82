//! D8, D16: the shared servers end under running stacks; the machine is switched off in order.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{LONG, TestHome, TestProject, get, marked, mentioning, post, wait_until};

fn server(project: &TestProject<'_>, name: &str) -> Value {
    let status = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
    status["services"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
}

fn signal(pid: u32, signal: Signal) {
    // it may have ended by itself meanwhile
    let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal);
}

#[test]
fn d8_a_killed_postgres_comes_back_and_stacks_recover() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    let ports = [3, 4].map(|agent| project.port("api", agent));
    let pids = ports.map(|port| get(port, "/pid").body);
    for port in ports {
        post(port, "/items", "text/plain", format!("committed by {port}").as_bytes());
    }
    for round in 0..2 {
        let before = server(&project, "db");
        signal(u32::try_from(before["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
        wait_until("another postgres", LONG, || {
            let now = server(&project, "db");
            now["state"] == "ready" && now["pid"] != before["pid"]
        });
        for port in ports {
            wait_until("the application to ask again", LONG, || get(port, "/items").status == 200);
            let items = get(port, "/items").body;
            assert_eq!(items.trim(), format!("seeded\ncommitted by {port}"), "round {round}");
        }
    }
    assert_eq!(ports.map(|port| get(port, "/pid").body), pids, "applications are not restarted for it");
}

#[test]
fn d8_commands_say_what_is_down_and_a_launch_brings_it_back() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);
    post(port, "/items", "text/plain", b"committed");
    project.harness(["teardown", "--infra", "--force"]).run().succeeds();
    assert_eq!(get(port, "/health").status, 200, "the stack itself is left alone");

    project.harness(["psql", "3", "select 1"]).run().exits_with(125).says("hint: run `harness setup`");
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["infra"]["state"], "stopped", "{status}");
    project.harness(["db", "3", "snapshot", "now"]).run().exits_with(4).says("hint: run `harness setup`");

    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(get(port, "/items").body.trim(), "seeded\ncommitted");
}

#[test]
fn d16_an_ordinary_end_of_the_machine_loses_nothing() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);
    post(port, "/items", "text/plain", b"committed");
    project.harness(["db", "3", "snapshot", "kept"]).run().succeeds();
    let template = project.harness(["status", "3", "--json"]).run().succeeds().json()["agents"][0]["template"].clone();

    // what init does: everybody is told to end, in no particular order
    let prefix = home.id().unwrap();
    let everybody = || marked(&prefix).into_iter().chain(mentioning(&home.path())).map(|(pid, _)| pid);
    for pid in everybody() {
        signal(pid, Signal::TERM);
    }
    wait_until("everything to have ended", LONG, || everybody().next().is_none());
    // and the next boot is another one
    let started = home.path().join("infra/db/started.json");
    if let Ok(text) = fs::read_to_string(&started) {
        let mut document: Value = serde_json::from_str(&text).unwrap();
        document["boot_id"] = "00000000-0000-0000-0000-000000000000".into();
        fs::write(&started, document.to_string()).unwrap();
    }

    let launched = project.harness(["launch", "3", "--json"]).run().succeeds().json();
    assert_eq!(get(port, "/items").body.trim(), "seeded\ncommitted", "{launched}");
    let after = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(after["agents"][0]["template"], template, "nothing was built anew");
    let snapshots = project.harness(["db", "3", "list", "--json"]).run().succeeds().json();
    assert_eq!(snapshots["snapshots"][0]["name"], "kept");
}

#[test]
fn d8_a_killed_postgres_with_a_backend_at_work_comes_back() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);
    post(port, "/items", "text/plain", b"committed");
    // a backend that never waits does not notice that its postmaster is gone, and holds on to the shared memory
    let mut busy = std::process::Command::new("psql")
        .args(["-X", "-q", "-c", "do $$ begin loop perform 1; end loop; end $$", &project.variables(3)["DATABASE_URL"]])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let backends = || {
        let sql = "select pid::text from pg_stat_activity where query like 'do %' and pid <> pg_backend_pid()";
        project.query(3, sql).unwrap_or_default()
    };
    wait_until("the backend to work", LONG, || !backends().is_empty());
    let backend: u32 = backends()[0].parse().unwrap();
    let before = server(&project, "db");
    signal(u32::try_from(before["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
    let killed = std::time::Instant::now();
    wait_until("another postgres", LONG, || {
        let now = server(&project, "db");
        now["state"] == "ready" && now["pid"] != before["pid"]
    });
    wait_until("the application to ask again", LONG, || get(port, "/items").status == 200);
    let took = killed.elapsed();
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
    assert_eq!(get(port, "/items").body.trim(), "seeded\ncommitted");
    assert!(!std::path::Path::new(&format!("/proc/{backend}")).exists(), "the old backend is gone");
    busy.kill().unwrap();
    busy.wait().unwrap();
}
