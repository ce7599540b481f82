//! The pages: in Chromium, and as programs meet them.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::server::Server;
use crate::shop::packages;
use crate::support::{TestHome, send};

#[test]
fn the_pages_show_and_do_what_a_person_does_all_day() {
    let Some(modules) = packages::installed() else { return };
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let server = Server::start(&home);
    let opened = home.harness(["open", "--dashboard", "--json"]).run().succeeds().json();
    let artifacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve");
    std::fs::create_dir_all(&artifacts).unwrap();
    let output = Command::new("timeout")
        .args(["180", "node"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/pages.mjs"))
        .args([modules.parent().unwrap(), &artifacts])
        .arg(format!("http://127.0.0.1:{}", server.port))
        .args([opened["url"].as_str().unwrap(), "3"])
        .args(packages::axe())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&seen["wrong"], &seen["violations"]),
        (&json!([]), &json!([])),
        "errors in the console, what axe-core finds"
    );
    assert!(seen["signIn"].as_str().unwrap().contains("harness open --dashboard"), "{seen}");
    assert_eq!(seen["documentTitle"], "Tasks · harness", "a title is text");
    for (path, heading) in [
        ("/", "Agents"),
        ("/tasks", "Tasks"),
        ("/machine", "Machine"),
        ("/machine?doctor=1", "Machine"),
        ("/agents/3", "Agent 3"),
        ("/agents/3/teardown", "Tear down agent 3?"),
    ] {
        let page = &seen["pages"][path];
        assert_eq!((page["status"].as_u64(), page["heading"].as_str()), (Some(200), Some(heading)), "{path}: {seen}");
        assert!(page["wide"].as_u64().unwrap() <= 390, "{path} fits a telephone: {seen}");
        let parts = [path, "/assets/harness.css", "/assets/harness.js", "/assets/harness.svg"];
        let bytes: usize = parts.iter().map(|part| server.request("GET", part, &Value::Null).body.len()).sum();
        assert!(bytes < 100_000, "{path} has {bytes} bytes");
    }
    let not_found = json!([404, "Not found"]);
    assert_eq!(seen["refused"]["/nothing"], not_found);
    assert_eq!(seen["refused"]["/agents/98"], not_found);
    assert_eq!(seen["refused"]["/agents/x"], json!([400, "That did not work"]));
    let titles = server.get("/api/tasks").to_string();
    assert!(titles.contains("<script>") && titles.contains("half a note"), "{titles}");
}

#[test]
fn forms_answer_with_a_redirect_to_this_server_and_refusals_with_what_was_asked_for() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let bearer = format!("Bearer {}", server.token);
    let form = |path: &str, body: &str, accept: &str| {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", accept),
        ];
        send("POST", server.port, path, &headers, body.as_bytes())
    };
    let made = form("/tasks", "title=A+%26+B&assignee=", "text/html");
    assert_eq!(made.status, 303, "{made:?}");
    assert!(made.head.contains("location: /tasks"), "{made:?}");
    assert_eq!(server.get("/api/tasks/1")["title"], "A & B");
    form("/tasks/1", "assignee=4&status=in_progress", "text/html");
    let moved = server.get("/api/tasks/1");
    assert_eq!((&moved["assignee"], &moved["status"]), (&json!(4), &json!("in_progress")));
    form("/tasks/1", "assignee=", "text/html");
    assert_eq!(server.get("/api/tasks/1")["assignee"], Value::Null);
    for back in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let answer = form("/agents/3/stop", &format!("back={back}"), "text/html");
        assert!(answer.status == 303 && answer.head.contains("location: /agents/3"), "{answer:?}");
    }
    // a page for people, a document for programs
    let page = form("/tasks", "title=", "text/html");
    assert!(page.status == 400 && page.body.contains("<h1>That did not work</h1>"), "{page:?}");
    assert_eq!(form("/tasks", "title=", "*/*").json()["error"]["code"], "serve.input");
    assert_eq!(form("/tasks/1", "status=nowhere", "*/*").json()["error"]["code"], "serve.input");
    let stranger = send("GET", server.port, "/", &[("Accept", "text/html")], b"");
    assert!(stranger.status == 401 && stranger.body.contains("harness open --dashboard"), "{stranger:?}");
    let stranger = send("GET", server.port, "/", &[("Accept", "application/json")], b"");
    assert_eq!(stranger.json()["error"]["code"], "serve.token");
    let empty = send("GET", server.port, "/", &[("Authorization", &bearer)], b"");
    assert!(empty.status == 200 && empty.body.contains("No agent runs yet."), "{empty:?}");
    assert!(!empty.body.contains("<style") && !empty.body.contains(" style="), "{empty:?}");
    assert!(empty.head.contains("content-security-policy: default-src 'self'"), "{empty:?}");
    assert_eq!(form("/tasks/1/delete", "", "text/html").status, 303);
}
