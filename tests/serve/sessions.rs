//! Sessions in pages: what their WebSocket says and takes.

use serde_json::{Value, json};

use super::server::{Server, Socket};
use crate::support::{LONG, TestHome, TestProject, send, try_get, wait_until};

/// What a page shows.
struct Page {
    socket: Socket,
    rows: Vec<Value>,
    left: usize,
    last: Value,
    messages: usize,
}

impl Page {
    fn open(server: &Server, path: &str) -> Self {
        let bearer = format!("Authorization: Bearer {}\r\n", server.token);
        let socket = Socket::open(server, path, &bearer).unwrap();
        let mut page = Self { socket, rows: Vec::new(), left: 0, last: Value::Null, messages: 0 };
        page.next();
        assert_eq!(page.last["type"], "screen");
        page
    }

    fn next(&mut self) {
        let told = self.socket.next();
        let left = told["left"].as_array().map_or(0, Vec::len);
        match told["type"].as_str().unwrap() {
            "screen" => {
                self.rows = told["rows"].as_array().unwrap().clone();
                self.left = left;
            }
            "changes" => {
                for change in told["rows"].as_array().unwrap() {
                    self.rows[usize::try_from(change[0].as_u64().unwrap()).unwrap()] = change[1].clone();
                }
                self.left += left;
            }
            _ => {}
        }
        self.messages += 1;
        self.last = told;
    }

    fn text(&self) -> Vec<String> {
        let runs = |row: &Value| row.as_array().unwrap().iter().map(|run| run["t"].as_str().unwrap()).collect();
        self.rows.iter().map(runs).collect()
    }

    #[track_caller]
    fn awaits(&mut self, text: &str) {
        while !self.text().iter().any(|row| row.contains(text)) {
            assert!(self.last["type"] != "ended", "`{text}` never came: {:#?}", self.text());
            self.next();
        }
    }

    fn types(&mut self, text: &str) {
        self.socket.say(&json!({ "type": "keys", "text": text }));
    }
}

fn launch(home: &TestHome) -> TestProject<'_> {
    let project = home.project("board").port("web").toml("[processes.plain]\ncommand = \"sleep 600\"\n").write();
    project.harness(["launch", "3"]).run().succeeds();
    project
}

#[test]
fn a_session_is_started_joined_from_pages_and_ended_over_http() {
    let home = TestHome::new();
    let project = launch(&home);
    let server = Server::start(&home);
    let start = |body: Value| server.request("POST", "/api/sessions", &body);
    let script = "stty -echo; printf '\\033[?2004h\\033[31mred\\033[0m \u{4f60}\u{597d}\\n'; \
                  while IFS= read -r line; do printf '[%s]\\n' \"$line\" | cat -v; [ \"$line\" = end ] && exit 7; \
                  [ \"$line\" = size ] && stty size; done";
    let started = start(json!({ "agent": 3, "command": ["sh", "-c", script], "name": "work" }));
    assert_eq!((started.status, &started.json()["name"]), (201, &"work".into()), "{started:?}");
    for (body, status, code) in [
        (json!({ "agent": 3, "command": ["sh"], "name": "work" }), 409, "session.taken"),
        (json!({ "agent": 3, "command": [] }), 400, "serve.input"),
        (json!({ "agent": 0, "command": ["sh"] }), 400, "serve.input"),
        (json!({ "agent": 3, "command": ["sh"], "wrong": 1 }), 400, "serve.input"),
    ] {
        let refused = start(body.clone());
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (status, &code.into()), "{body}");
    }
    assert_eq!(start(json!({ "agent": 4, "command": ["sh"] })).status, 404);
    let listed = server.get("/api/sessions");
    assert_eq!(
        (&listed["agents"][0]["agent"], &listed["agents"][0]["sessions"][0]["name"]),
        (&3.into(), &"work".into())
    );
    // who may join
    let path = "/ws/sessions/3/work";
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let refused = |path: &str, headers: &str| Socket::open(&server, path, headers).err().unwrap_or_default();
    assert!(refused(path, "").contains("401"));
    assert!(refused(path, &format!("{bearer}Origin: http://evil.example\r\n")).contains("403"));
    assert!(refused("/ws/sessions/3/other", &bearer).contains("404"));
    assert!(refused("/ws/sessions/3/plain", &bearer).contains("409"));
    // colours, wide letters, sizes, keys, and what is pasted
    let mut page = Page::open(&server, path);
    page.awaits("red");
    let row = page.rows.iter().find(|row| row[0]["t"] == "red").unwrap();
    assert_eq!((&row[0]["s"]["fg"], &row[2]["t"], &row[2]["n"]), (&1.into(), &"\u{4f60}\u{597d}".into(), &4.into()));
    page.socket.say(&json!({ "type": "resize", "columns": 61, "rows": 11 }));
    page.types("size\r");
    page.awaits("[size]");
    while page.rows.len() != 11 {
        page.next();
    }
    page.types("size\r");
    page.awaits("11 61");
    page.socket.say(&json!({ "type": "paste", "text": "one\ntwo" }));
    page.awaits("[^[[200~one]");
    page.types("\r");
    page.awaits("[two^[[201~]");
    assert_eq!(page.last["modes"]["bracketed_paste"], true);
    // others see the same; who only looks on types nothing
    let mut other = Page::open(&server, path);
    let mut looker = Page::open(&server, &format!("{path}?read_only=1"));
    looker.types("not this\r");
    other.types("that\r");
    for one in [&mut page, &mut other, &mut looker] {
        one.awaits("[that]");
    }
    assert_eq!(page.text(), other.text());
    assert!(!looker.text().concat().contains("not this"));
    // a message that means nothing ends only its connection
    looker.socket.say(&json!({ "type": "what" }));
    // another server has the same session with the same screen
    let before = page.text();
    server.ends_by(rustix::process::Signal::KILL);
    let server = Server::start(&home);
    let mut page = Page::open(&server, path);
    assert_eq!(page.text(), before);
    let answer = send("GET", server.port, "/agents/3/sessions/work", &[("Authorization", &bearer_of(&server))], b"");
    assert!(answer.status == 200 && answer.body.contains("data-session=\"/ws/sessions/3/work\""), "{answer:?}");
    for asset in ["/assets/session.js", "/assets/session.css"] {
        assert_eq!(try_get(server.port, asset).unwrap().status, 200, "{asset}");
    }
    page.types("end\r");
    while page.last["type"] != "ended" {
        page.next();
    }
    assert_eq!(page.last["reason"], "exited with status 7");
    assert_eq!(server.request("DELETE", "/api/sessions/3/work", &Value::Null).status, 200);
    assert_eq!(server.request("DELETE", "/api/sessions/3/work", &Value::Null).status, 404);
    assert_eq!(server.get("/api/sessions")["agents"], json!([]));
    drop(project);
}

fn bearer_of(server: &Server) -> String {
    format!("Bearer {}", server.token)
}

#[test]
fn a_slow_page_costs_nothing_and_so_many_pages_are_enough() {
    let home = TestHome::new();
    let _project = launch(&home);
    let server = Server::start(&home);
    let script = "read go; head -c 12000000 /dev/zero | tr '\\0' x | fold -w 79; echo done with it; sleep 600";
    let body = json!({ "agent": 3, "command": ["sh", "-c", script], "name": "flood" });
    assert_eq!(server.request("POST", "/api/sessions", &body).status, 201);
    let path = "/ws/sessions/3/flood";
    let (mut slow, mut quick) = (Page::open(&server, path), Page::open(&server, path));
    quick.types("\r");
    quick.awaits("done with it");
    assert!(quick.left > 0);
    slow.awaits("done with it");
    assert!(slow.messages < 2000, "{}", slow.messages);
    assert_eq!(slow.text(), quick.text());
    drop((slow, quick));
    let path = "/ws/sessions/3/quiet";
    let body = json!({ "agent": 3, "command": ["sleep", "600"], "name": "quiet" });
    assert_eq!(server.request("POST", "/api/sessions", &body).status, 201);
    let open = || Socket::open(&server, path, &format!("Authorization: {}\r\n", bearer_of(&server)));
    let mut sockets = Vec::new();
    // those that were closed may count for a moment
    wait_until("as many as there may be", LONG, || {
        sockets.extend(open().ok());
        sockets.len() == 64
    });
    assert!(open().err().is_some_and(|status| status.contains("429")), "serve.viewers");
    sockets.pop();
    wait_until("room for another", LONG, || open().is_ok());
}
