//! The verbs over HTTP, on a real stack.

use serde_json::{Value, json};

use super::server::Server;
use crate::support::{SHORT, TestHome, get, wait_until};

#[test]
fn an_agent_is_launched_followed_verified_and_torn_down() {
    let home = TestHome::new();
    let stage = "[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"echo code.ts:3:1: error: no; exit 1\" }]\n";
    let talker = "[processes.talker]\ncommand = \"echo hello; exec sleep 600\"\n";
    let project = home.project("shop").application("api").toml(talker).toml(stage).write();
    let server = Server::start(&home);
    assert_eq!(server.request("GET", "/api/agents/3", &Value::Null).status, 404);
    let launched = server.job("POST", "/api/agents/3/launch", &json!({ "project": project.root() }));
    assert_eq!((&launched["state"], &launched["verb"]), (&json!("done"), &json!("launch")), "{launched}");
    assert_eq!(launched["result"]["agents"][0]["outcome"], "launched");
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
    // the same document as the command line's
    let own = project.harness(["status", "3", "--json"]).run().succeeds().json();
    let status = server.get("/api/agents/3");
    assert_eq!((&status["schema"], &status["agents"][0]["urls"]), (&own["schema"], &own["agents"][0]["urls"]));
    assert_eq!(status["agents"][0]["state"], "healthy", "{status}");
    let url = format!("http://localhost:{}", project.port("api", 3));
    assert_eq!(server.get("/api/agents/3/url")["urls"]["api"], json!(url));
    assert_eq!(server.get("/api/agents/3/health")["healthy"], true);
    assert_eq!(server.get("/api/agents/3/stats")["stacks"][0]["agent"], 3);
    assert_eq!(server.get("/observability/stats")["stacks"].as_array().map(|stacks| !stacks.is_empty()), Some(true));
    assert_eq!(server.get("/api/infra")["schema"], "harness/infra-ps/1");

    let answer = server.request("GET", "/api/agents/3/verify", &Value::Null);
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("serve.no_verify")));
    let verified = server.job("POST", "/api/agents/3/verify", &json!({ "full": true }));
    let stages = &verified["result"]["stages"];
    assert!(stages[0]["first_error"].as_str().unwrap().starts_with("code.ts:3"), "{verified}");
    assert_eq!(server.get("/api/agents/3/verify")["stages"], *stages);

    let stopped = server.job("POST", "/api/agents/3/stop", &json!({ "processes": ["api"] }));
    assert_eq!(stopped["result"]["processes"][0]["state"], "stopped", "{stopped}");
    let started = server.job("POST", "/api/agents/3/start", &json!({}));
    assert_eq!((&started["state"], &started["result"]["state"]), (&json!("done"), &json!("healthy")), "{started}");
    let unknown = server.job("POST", "/api/agents/3/restart", &json!({ "processes": ["web"] }));
    assert_eq!((&unknown["state"], &unknown["result"]["schema"]), (&json!("failed"), &json!("harness/restart/1")));

    let parked = server.job("POST", "/api/agents/3/park", &Value::Null);
    assert_eq!((&parked["state"], &parked["result"]["state"]), (&json!("done"), &json!("parked")), "{parked}");
    assert_eq!(get(project.port("api", 3), "/health").status, 200, "the first connection starts it");

    let page = server.get("/api/agents/3/logs?lines=1&process=talker&grep=hel");
    assert_eq!(page["lines"][0]["line"], "hello", "{page}");
    let wrong = server.request("GET", "/api/agents/3/logs?grep=(", &Value::Null);
    assert_eq!(wrong.status, 400, "{wrong:?}");
    let mut lines = server.follow("/api/agents/3/logs?follow=1&lines=1&process=talker");
    lines.next();
    server.job("POST", "/api/agents/3/restart", &json!({}));
    assert_eq!(lines.next()["line"], "hello");

    let dry = server.job("POST", "/api/agents/3/teardown", &json!({ "dry_run": true }));
    assert!(!dry["result"]["agents"][0]["removed"].as_array().unwrap().is_empty(), "{dry}");
    assert_eq!(server.get("/api/agents/3")["agents"][0]["state"], "healthy");
    let gone = server.job("POST", "/api/agents/3/teardown", &json!({}));
    assert_eq!(gone["state"], "done", "{gone}");
    assert_eq!(server.get("/api/agents")["agents"], json!([]));
    assert!(server.get("/api/jobs")["jobs"].as_array().unwrap().len() >= 7);
}

#[test]
fn a_launch_is_interrupted_by_request_and_by_the_end_of_the_server() {
    let home = TestHome::new();
    let never = "[processes.never]\ncommand = \"sleep 600\"\nready_log_line = \"up\"\n";
    let project = home.project("shop").toml(never).write();
    let record = home.path().join("agents/3/record.json");
    let server = Server::start(&home);
    let begin = |server: &Server| {
        let answer = server.request("POST", "/api/agents/3/launch", &json!({ "project": project.root() }));
        assert_eq!(answer.status, 202, "{answer:?}");
        wait_until("the launch to begin", SHORT, || record.exists());
        answer.json()["id"].clone()
    };
    let job = begin(&server);
    assert_eq!(server.request("DELETE", &format!("/api/jobs/{job}"), &Value::Null).status, 202);
    wait_until("the launch to be undone", SHORT, || !record.exists());
    wait_until("the job to end", SHORT, || server.get(&format!("/api/jobs/{job}"))["state"] == "failed");
    let job = begin(&server);
    assert_eq!(server.ends_by(rustix::process::Signal::TERM).code, Some(0));
    assert!(!record.exists(), "the launch is undone before the server has ended");
    let server = Server::start(&home);
    assert_eq!(server.get(&format!("/api/jobs/{job}"))["state"], "failed");
    let job = begin(&server);
    server.ends_by(rustix::process::Signal::KILL);
    let server = Server::start(&home);
    assert_eq!(server.get(&format!("/api/jobs/{job}"))["state"], "interrupted");
}

#[test]
fn snapshots_are_made_listed_restored_and_dropped() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let server = Server::start(&home);
    let act = |method: &str, path: &str| {
        let job = server.job(method, &format!("/api/databases/3/snapshots/{path}"), &Value::Null);
        assert_eq!(job["state"], "done", "{job}");
    };
    act("POST", "before");
    project.harness(["psql", "3", "delete from items"]).run().succeeds();
    assert_eq!(server.get("/api/databases/3")["snapshots"][0]["name"], "before");
    act("POST", "before/restore");
    let rows = project.harness(["psql", "3", "select name from items", "--json"]).run().succeeds().json();
    assert_eq!(rows["rows"], json!([["seeded"]]));
    act("DELETE", "before");
    assert_eq!(server.get("/api/databases/3")["snapshots"], json!([]));
}
