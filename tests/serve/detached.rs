//! `harness serve --detach`: it outlives its caller, a crash, and leaves the agents alone.

use std::net::TcpListener;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::server::Server;
use crate::support::{LONG, TestHome, get, is_alive, send, try_get, wait_until};

#[test]
fn a_detached_server_survives_a_crash_and_leaves_agents_up_when_it_stops() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let port = home.ports().infra(6);
    let text = port.to_string();
    home.harness(["serve", "stop"]).run().exits_with(5).says("does not run");
    home.harness(["serve", "status"]).run().exits_with(1);
    let started = home.harness(["serve", "--detach", "--port", &text, "--json"]).run().succeeds().json();
    assert_eq!(
        (&started["running"], &started["detached"], &started["state"]),
        (&json!(true), &json!(true), &json!("ready"))
    );
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    // a second one, in either way, says where the first is
    for again in [&["serve", "--detach", "--json"][..], &["serve", "--port", "0", "--json"]] {
        let refused = home.harness(again.iter().copied()).run();
        let error = refused.json()["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert_eq!(error["code"], "serve.running");
        assert!(message.contains("detached") && message.contains(&text), "{message}");
    }
    let pid = u32::try_from(started["pid"].as_u64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
    let status = || home.harness(["serve", "status", "--json"]).run().json();
    wait_until("it to be started again", LONG, || {
        status()["pid"].as_u64().is_some_and(|now| now != u64::from(pid)) && try_get(port, "/health").is_ok()
    });
    let log = home.harness(["logs", "--serve"]).run().succeeds();
    assert!(log.stdout.contains("serving at http://127.0.0.1"), "{log}");
    // an agent that it launches is no part of it
    let token = std::fs::read_to_string(home.path().join("serve/token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let headers = [("Authorization", bearer.as_str())];
    let body = json!({ "project": project.root() }).to_string();
    assert_eq!(send("POST", port, "/api/agents/3/launch", &headers, body.as_bytes()).status, 202);
    wait_until("the launch", LONG, || {
        send("GET", port, "/api/jobs/1", &headers, b"").json()["state"].as_str() == Some("done")
    });
    let processes = || project.harness(["status", "3", "--json"]).run().json()["agents"][0]["processes"].clone();
    let before = processes();
    let stopped = home.harness(["serve", "stop"]).run().succeeds();
    assert!(try_get(port, "/health").is_err(), "{stopped}");
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
    assert_eq!((&processes()[0]["pid"], &processes()[0]["restarts"]), (&before[0]["pid"], &json!(0)));
    project.harness(["teardown", "3"]).run().succeeds();
}

#[test]
fn what_cannot_start_in_the_background_says_why_and_the_servers_go_with_the_infra() {
    let home = TestHome::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = home.harness(["serve", "--detach", "--port", &port, "--json"]).run();
    assert_eq!(refused.json()["error"]["code"], "serve.port_taken", "{refused}");
    // the database is opened by the server alone
    let refused =
        home.harness(["serve", "--detach", "--port", "0", "--json"]).env("DATABASE_PATH", "/dev/null/x").run();
    let error = refused.json()["error"].clone();
    assert_eq!(error["code"], "serve.not_started", "{refused}");
    assert!(error["message"].as_str().unwrap().contains("/dev/null/x"), "{refused}");
    home.harness(["serve", "status"]).run().exits_with(1);
    let foreground = Server::start(&home);
    let refused = home.harness(["serve", "stop", "--json"]).run();
    assert_eq!(refused.json()["error"]["code"], "serve.foreground", "{refused}");
    assert!(refused.stdout.contains(&foreground.pid().to_string()), "{refused}");
    drop(foreground);
    home.project("shop").write().harness(["setup"]).run().succeeds();
    let started = home.harness(["serve", "--detach", "--port", "0", "--json"]).run().succeeds().json();
    let pid = u32::try_from(started["pid"].as_u64().unwrap()).unwrap();
    let would = home.harness(["teardown", "--infra", "--dry-run"]).run().succeeds();
    assert!(would.stdout.contains("harness serve") && is_alive(pid), "{would}");
    let removed = home.harness(["teardown", "--infra"]).run().succeeds();
    assert!(removed.stdout.contains("harness serve") && !is_alive(pid), "{removed}");
    let started = home.harness(["serve", "--detach", "--port", "0", "--json"]).run().succeeds().json();
    let pid = u32::try_from(started["pid"].as_u64().unwrap()).unwrap();
    std::fs::write(home.path().join("serve/address.json"), "{").unwrap();
    home.harness(["serve", "status"]).run().exits_with(4).says("address.json");
    home.harness(["serve", "stop"]).run().succeeds();
    assert!(!is_alive(pid), "it is stopped though its address cannot be read");
    // what a unit, which has no options, would be told
    let port = home.ports().infra(6);
    std::fs::write(home.path().join("serve/serve.toml"), format!("ports = [{port}]\naddress = \"::1\"\n")).unwrap();
    let started = home.harness(["serve", "--detach", "--address", "127.0.0.1", "--json"]).run().succeeds().json();
    assert_eq!(started["url"], format!("http://127.0.0.1:{port}"), "{started}");
    home.harness(["serve", "stop"]).run().succeeds();
}
