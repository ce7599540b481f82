//! Who gets in, and who does not.

#![allow(clippy::print_stderr)] // a test that tries less says so

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use super::server::{Server, Socket};
use crate::support::{Answer, HarnessCommand, Outcome, TestHome, get, send};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)), "{answer:?}");
}

#[track_caller]
fn fails(command: HarnessCommand, code: &str) -> Outcome {
    let outcome = command.run();
    assert_eq!(outcome.json()["error"]["code"], code, "{outcome}");
    outcome
}

#[test]
fn without_the_token_only_health_is_told() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let health = get(server.port, "/health");
    assert_eq!((health.status, health.json()["status"].as_str()), (200, Some("ok")));
    for path in ["/api/agents", "/api/tasks", "/api/openapi.json", "/nothing"] {
        refused(&get(server.port, path), 401, "serve.token");
    }
    assert!(Socket::open(&server, "/ws", "").is_err());
    let mode = home.path().join("serve/token").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    refused(&server.request("GET", "/api/nothing", &Value::Null), 404, "serve.no_path");
    refused(&server.request("PUT", "/api/tasks", &Value::Null), 405, "serve.method");
}

#[test]
fn ten_thousand_wrong_tokens_get_nowhere_and_the_right_one_is_not_held_up() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let mut late = 0;
    for number in 0..10_000 {
        let bearer = format!("Bearer {number}");
        let answer = send("GET", server.port, "/api/tasks", &[("Authorization", &bearer)], b"");
        match answer.status {
            401 => {}
            429 => {
                refused(&answer, 429, "serve.too_often");
                assert!(answer.head.contains("retry-after: "), "{answer:?}");
                late += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
    assert!(late > 9_900, "{late}");
    assert_eq!(server.request("GET", "/api/tasks", &Value::Null).status, 200);
}

#[test]
fn other_names_and_other_sites_are_refused_unless_they_are_allowed() {
    let home = TestHome::new();
    std::fs::create_dir_all(home.path().join("serve")).unwrap();
    let settings = "allowed_hosts = [\"board.example\"]\nallowed_origins = [\"https://board.example\"]\n";
    std::fs::write(home.path().join("serve/serve.toml"), settings).unwrap();
    let server = Server::start(&home);
    let bearer = format!("Bearer {}", server.token);
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend(headers);
        send(method, server.port, path, &all, b"")
    };
    // the client names 127.0.0.1 as well: one foreign name is enough
    refused(&ask("GET", "/health", &[("Host", "evil.example")]), 403, "serve.host");
    assert_eq!(ask("GET", "/api/tasks", &[("Host", "board.example:3333")]).status, 200);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:3000"] {
        refused(&ask("GET", "/api/tasks", &[("Origin", origin)]), 403, "serve.origin");
    }
    let own = format!("http://127.0.0.1:{}", server.port);
    assert_eq!(ask("GET", "/api/tasks", &[("Origin", &own)]).status, 200);
    let allowed = ask("GET", "/api/tasks", &[("Origin", "https://board.example")]);
    assert!(allowed.head.contains("access-control-allow-origin: https://board.example"), "{allowed:?}");
    let preflight = send("OPTIONS", server.port, "/api/tasks", &[("Origin", "https://board.example")], b"");
    assert_eq!(preflight.status, 204, "{preflight:?}");
}

#[test]
fn a_link_lets_one_browser_in_once_and_its_cookie_acts_for_own_pages_alone() {
    let home = TestHome::new();
    fails(home.harness(["open", "--dashboard", "--json"]), "serve.not_running");
    let server = Server::start(&home);
    let opened = home.harness(["open", "--dashboard", "--json"]).run().succeeds().json();
    let url = opened["url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://127.0.0.1:{}", server.port)).expect(url);
    let entered = get(server.port, path);
    assert_eq!(entered.status, 303, "{entered:?}");
    refused(&get(server.port, path), 401, "serve.link");
    let cookie = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let ask = |method: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("Cookie", cookie)];
        all.extend(headers);
        send(method, server.port, "/api/tasks", &all, br#"{"title":"From a page"}"#)
    };
    let own = format!("http://127.0.0.1:{}", server.port);
    assert_eq!(ask("GET", &[]).status, 200);
    assert_eq!(ask("POST", &[("Origin", &own)]).status, 201);
    refused(&ask("POST", &[]), 403, "serve.origin");
    refused(&ask("POST", &[("Origin", "http://127.0.0.1:3013")]), 403, "serve.origin");
    refused(&ask("GET", &[("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "no-cors")]), 403, "serve.origin");
    assert!(Socket::open(&server, "/ws", &format!("Cookie: {cookie}\r\nOrigin: http://127.0.0.1:3013\r\n")).is_err());
    assert!(Socket::open(&server, "/ws", &format!("Cookie: {cookie}\r\nOrigin: {own}\r\n")).is_ok());
    let forged = format!("{}0", &cookie[..cookie.len() - 1]);
    let answer = send("GET", server.port, "/api/tasks", &[("Cookie", &forged)], b"");
    assert!(answer.status == 401 || forged == cookie, "{answer:?}");
}

#[test]
fn what_keeps_a_server_from_beginning_is_named() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let again = fails(home.harness(["serve", "--port", "0", "--json"]), "serve.running");
    assert!(again.stdout.contains(&server.pid().to_string()), "{again}");
    let ended = server.ends_by(Signal::TERM);
    assert_eq!(ended.code, Some(0), "{ended}");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let outcome = fails(home.harness(["serve", "--port", &port, "--json"]), "serve.port_taken");
    assert!(outcome.stdout.contains(&std::process::id().to_string()), "{outcome}");
    fails(home.harness(["serve", "--address", "192.0.2.1", "--json"]), "serve.listen");
    std::fs::write(home.path().join("serve/serve.toml"), "allowed_hots = []\n").unwrap();
    let outcome = fails(home.harness(["serve", "--port", "0", "--json"]), "serve.settings");
    assert!(outcome.stdout.contains("allowed_hots"), "{outcome}");
}

#[test]
fn another_user_of_the_machine_gets_nothing_from_the_port_and_the_home() {
    if harness::system::effective_uid() != 0 {
        eprintln!("skipped: only root can be another user");
        return;
    }
    let home = TestHome::new();
    let server = Server::start(&home);
    let stranger = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let output = command.uid(65534).gid(65534).current_dir("/").args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let serve = home.path().join("serve");
    for file in ["token", "harness.db", "address.json"] {
        let path = serve.join(file);
        assert!(path.exists(), "{file}");
        assert_eq!(stranger("cat", &[path.to_str().unwrap()]), (false, String::new()), "{file}");
    }
    let url = format!("http://127.0.0.1:{}", server.port);
    for path in ["/", "/api/agents", "/api/events", "/ws", "/metrics"] {
        let (_, status) = stranger("curl", &["-sS", "-o", "/dev/null", "-w", "%{http_code}", &format!("{url}{path}")]);
        assert_eq!(status, "401", "{path}");
    }
}
