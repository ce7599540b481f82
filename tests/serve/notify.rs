//! The notifier, against local stand-ins of a webhook and of Telegram's Bot API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::server::Server;
use crate::support::{TestHome, get};

/// A request as the stand-in got it.
#[derive(Debug)]
struct Told {
    line: String,
    headers: Vec<String>,
    body: Value,
}

/// Answers each request with the next of `answers`, the last one for ever.
fn stand_in(answers: &'static [&'static str]) -> (String, Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                lines.push(line.trim_end().to_owned());
            }
            let length =
                lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let answer = answers[number.min(answers.len() - 1)];
            let _ = reader.get_mut().write_all(answer.as_bytes());
            let headers = lines.split_off(1);
            if tell.send(Told { line: lines.remove(0), headers, body: serde_json::from_slice(&body).unwrap() }).is_err()
            {
                return;
            }
        }
    });
    (url, told)
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const SLOWER: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 60\r\nConnection: close\r\n\r\n\
                      {\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":1}}";
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[track_caller]
fn next(told: &Receiver<Told>) -> Told {
    told.recv_timeout(Duration::from_mins(1)).expect("a notice")
}

fn settings(home: &TestHome, text: &str) {
    std::fs::create_dir_all(home.path().join("serve")).unwrap();
    std::fs::write(home.path().join("serve/serve.toml"), text).unwrap();
}

#[test]
fn a_webhook_and_a_chat_are_told_of_broken_stacks_verdicts_and_tasks() {
    let home = TestHome::new();
    let stage = "[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"test -e good || { echo code.ts:3:1: error: no; exit 1; }\" }]\n";
    let project = home.project("shop").application("api").toml(stage).write();
    // both are busy at first
    let (webhook, heard) = stand_in(&[BUSY, TAKEN]);
    let (telegram, chat) = stand_in(&[SLOWER, TAKEN]);
    let token = home.directory().join("webhook-token");
    std::fs::write(&token, "hook-secret\n").unwrap();
    let text = format!(
        "[notify]\nlink = \"https://board.example\"\nbroken_after = 1\n\
         [notify.webhook]\nurl = \"{webhook}/hook?key=url-secret\"\ntoken_file = \"{}\"\n\
         [notify.telegram]\nchat_id = \"-100\"\ntoken = \"12:bot-secret\"\napi = \"{telegram}\"\n",
        token.display()
    );
    settings(&home, &text);
    project.harness(["launch", "3"]).run().succeeds();
    let server = Server::start(&home);
    project.harness(["verify", "3"]).run().exits_with(1);
    let (first, second) = (next(&heard), next(&heard));
    assert_eq!((&first.line, &first.body), (&second.line, &second.body), "it is tried again");
    assert_eq!(second.line, "POST /hook?key=url-secret HTTP/1.1");
    assert!(second.headers.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer hook-secret")));
    let body = &second.body;
    assert_eq!((&body["schema"], &body["kind"]), (&json!("harness/notice/1"), &json!("verify_failed")));
    assert_eq!((&body["url"], &body["agent"]), (&json!("https://board.example/agents/3"), &json!(3)));
    assert!(body["text"].as_str().unwrap().starts_with("code.ts:3"), "{body}");
    // sendMessage: https://core.telegram.org/bots/api#sendmessage
    let (first, second) = (next(&chat), next(&chat));
    assert_eq!((&first.line, &first.body), (&second.line, &second.body));
    assert_eq!(second.line, "POST /bot12:bot-secret/sendMessage HTTP/1.1");
    assert!(second.headers.iter().any(|line| line.eq_ignore_ascii_case("content-type: application/json")));
    let message = &second.body;
    assert_eq!(message["chat_id"], "-100");
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("agent 3: verify failed") && text.ends_with("https://board.example/agents/3"), "{text}");
    assert_eq!(message["link_preview_options"], json!({ "is_disabled": true }));

    server.request("POST", "/api/tasks", &json!({ "title": "Ship it" }));
    server.request("PATCH", "/api/tasks/1", &json!({ "status": "done" }));
    server.request("POST", "/api/tasks/1/notes", &json!({ "text": "more" }));
    let done = next(&heard).body;
    assert_eq!((&done["kind"], &done["task"]), (&json!("task_done"), &json!(1)));
    assert!(next(&chat).body["text"].as_str().unwrap().contains("task 1 is done: Ship it"));

    // a stack that does not come back
    std::fs::write(project.root().join("good"), "").unwrap();
    project.harness(["verify", "3"]).run().succeeds();
    assert_eq!(next(&heard).body["kind"], "verify_passed", "a done task makes one notice");
    next(&chat);
    std::fs::write(project.root().join("app.py"), "import sys\nsys.exit(3)\n").unwrap();
    project.harness(["restart", "3", "api"]).run();
    let broken = next(&heard).body;
    assert_eq!((&broken["kind"], &broken["agent"]), (&json!("stack_broken"), &json!(3)), "{broken}");
    assert!(broken["text"].as_str().unwrap().contains("api"), "{broken}");
    let metrics = server.request("GET", "/metrics", &Value::Null).body;
    assert!(metrics.contains("harness_notices_total{target=\"webhook\",result=\"sent\"}"), "{metrics}");
    let ended = server.ends_by(rustix::process::Signal::TERM);
    assert_eq!(ended.code, Some(0));
    assert!(!format!("{ended}{metrics}").contains("secret"), "{ended}");
}

#[test]
fn a_target_that_refuses_is_given_up_and_one_that_is_silent_holds_up_no_other() {
    let home = TestHome::new();
    let (webhook, heard) = stand_in(&[REFUSED]);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!(
        "[notify.webhook]\nurl = \"{webhook}\"\n\
         [notify.telegram]\nchat_id = \"1\"\napi = \"http://{}\"\n",
        silent.local_addr().unwrap()
    );
    settings(&home, &text);
    let refused = home.harness(["serve", "--port", "0", "--json"]).run();
    assert_eq!(refused.json()["error"]["code"], "serve.settings", "{refused}");
    assert!(refused.stdout.contains("TELEGRAM_BOT_TOKEN"), "{refused}");
    let server = Server::start_as(&home, &[], &[("TELEGRAM_BOT_TOKEN", "12:bot-secret")]);
    for number in 1..=80 {
        server.request("POST", "/api/tasks", &json!({ "title": "It", "status": "done" }));
        let told = next(&heard).body;
        assert_eq!((&told["kind"], &told["task"]), (&json!("task_done"), &json!(number)));
        assert_eq!(told["url"], json!(format!("http://127.0.0.1:{}/tasks", server.port)));
    }
    assert_eq!(get(server.port, "/health").status, 200);
    let began = std::time::Instant::now();
    let ended = server.ends_by(rustix::process::Signal::TERM);
    assert!(began.elapsed() < Duration::from_secs(10) && ended.code == Some(0), "{ended}");
    assert!(ended.stderr.contains("webhook: given up: status 403"), "{ended}");
    assert!(ended.stderr.contains("telegram: given up: 64 notices wait already"), "{ended}");
    assert!(!ended.to_string().contains("bot-secret"), "{ended}");
}
