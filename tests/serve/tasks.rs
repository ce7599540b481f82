//! Tasks outlive the server, however it ends.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::server::Server;
use crate::support::{TestHome, send};

#[test]
fn tasks_are_made_moved_noted_and_survive_a_restart() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let made = server.request("POST", "/api/tasks", &json!({ "title": "Test Task" }));
    assert_eq!(made.status, 201, "{made:?}");
    let create = |title: &str| server.request("POST", "/api/tasks", &json!({ "title": title })).json()["id"].clone();
    let (second, third) = (create("Second"), create("Third"));
    let edit = json!({ "before": 1, "assignee": 7, "text": "more" });
    let moved = server.request("PATCH", &format!("/api/tasks/{third}"), &edit).json();
    assert_eq!((&moved["order"], &moved["assignee"]), (&json!(0), &json!(7)));
    server.request("PATCH", &format!("/api/tasks/{second}"), &json!({ "status": "done" }));
    let noted = server.request("POST", "/api/tasks/1/notes", &json!({ "text": "half done" }));
    assert_eq!(noted.status, 201, "{noted:?}");
    let nobody = server.request("PATCH", &format!("/api/tasks/{third}"), &json!({ "assignee": null })).json();
    assert_eq!((&nobody["assignee"], &nobody["text"]), (&Value::Null, &json!("more")));
    let before = server.get("/api/tasks");
    let shown: Vec<_> =
        before["tasks"].as_array().unwrap().iter().map(|task| (&task["title"], &task["order"])).collect();
    let (first, two, zero) = (json!("Test Task"), json!(1), json!(0));
    assert_eq!(shown, [(&json!("Third"), &zero), (&first, &two), (&json!("Second"), &zero)]);
    assert_eq!(server.ends_by(Signal::TERM).code, Some(0));

    let server = Server::start(&home);
    assert_eq!(server.get("/api/tasks"), before);
    assert_eq!(server.request("DELETE", "/api/tasks/1", &Value::Null).status, 204);
    for (method, path, body, status, code) in [
        ("GET", "/api/tasks/1", Value::Null, 404, "serve.no_task"),
        ("DELETE", "/api/tasks/1", Value::Null, 404, "serve.no_task"),
        ("POST", "/api/tasks", json!({ "title": "  " }), 400, "serve.input"),
        ("POST", "/api/tasks", json!({ "title": "x", "assignee": 100 }), 400, "serve.input"),
        ("POST", "/api/tasks", json!({ "titel": "x" }), 400, "serve.input"),
        ("POST", "/api/tasks", json!(["x"]), 400, "serve.input"),
        ("POST", "/api/tasks", json!({ "title": "x", "text": "x".repeat(300_000) }), 413, "serve.too_long"),
        ("GET", "/api/tasks/x", Value::Null, 400, "serve.input"),
        ("GET", "/api/jobs/9", Value::Null, 404, "serve.no_job"),
    ] {
        let answer = server.request(method, path, &body);
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (status, &json!(code)),
            "{method} {path} {answer:?}"
        );
    }
}

#[test]
fn the_database_is_where_the_variable_says() {
    let home = TestHome::new();
    let path = home.directory().join("data/harness.db");
    let variables = [("DATABASE_PATH", path.to_str().unwrap())];
    let server = Server::start_as(&home, &[], &variables);
    server.request("POST", "/api/tasks", &json!({ "title": "Kept" }));
    server.ends_by(Signal::KILL);
    assert!(path.exists() && !home.path().join("serve/harness.db").exists());
    let server = Server::start_as(&home, &[], &variables);
    assert_eq!(server.get("/api/tasks/1")["title"], "Kept");
}

#[test]
fn a_killed_server_loses_no_task_that_it_acknowledged() {
    let home = TestHome::new();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let server = Server::start(&home);
        let (port, token) = (server.port, server.token.clone());
        let (told, heard) = std::sync::mpsc::channel();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (told, bearer) = (told.clone(), format!("Bearer {token}"));
                std::thread::spawn(move || {
                    for number in 0.. {
                        let title = format!("{round}-{writer}-{number}");
                        let body = json!({ "title": title }).to_string();
                        let made = std::panic::catch_unwind(|| {
                            send("POST", port, "/api/tasks", &[("Authorization", &bearer)], body.as_bytes()).status
                        });
                        match made {
                            Ok(201) => told.send(title).unwrap(),
                            // it is dead
                            _ => return,
                        }
                    }
                })
            })
            .collect();
        drop(told);
        acknowledged.extend(heard.iter().take(40));
        kill_process(Pid::from_raw(server.pid().cast_signed()).unwrap(), Signal::KILL).unwrap();
        acknowledged.extend(heard.iter());
        for writer in writers {
            writer.join().unwrap();
        }
        server.ends_by(Signal::KILL);
    }
    let server = Server::start(&home);
    let tasks = server.get("/api/tasks");
    let kept: Vec<&str> =
        tasks["tasks"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap()).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|title| !kept.contains(&title.as_str())).collect();
    assert!(lost.is_empty() && acknowledged.len() >= 160, "{lost:?} of {}", acknowledged.len());
    // places without a gap
    let places: Vec<u64> =
        tasks["tasks"].as_array().unwrap().iter().map(|task| task["order"].as_u64().unwrap()).collect();
    assert_eq!(places, (0..places.len() as u64).collect::<Vec<_>>());
}
