//! The gateway, in front of real stacks.

#![allow(clippy::print_stderr)] // a test that tries less says so

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use serde_json::{Value, json};

use super::server::{Server, Socket};
use crate::support::{Answer, LONG, ProjectBuilder, TestHome, python, send, wait_for, wait_until};

const SITE: &str = include_str!("site.py");
const SIZE: usize = 200_000_000;

/// A project whose process `web` is `site.py`.
pub(super) fn site<'a>(home: &'a TestHome, name: &str, keys: &str) -> ProjectBuilder<'a> {
    let table = format!(
        "[processes.web]\ncommand = \"{} -I site.py\"\n\
         readiness_probe = {{ http_get = {{ path = \"/health\", port = \"{{{{ ports.web }}}}\" }}, period_seconds = 0.1, failure_threshold = 600 }}\n\
         {keys}\n[processes.web.environment]\nPORT = \"{{{{ ports.web }}}}\"\n",
        python()
    );
    home.project(name).port("web").file("site.py", SITE).toml(&table)
}

/// The error of a server that does not begin.
#[track_caller]
pub(super) fn refused_start(home: &TestHome) -> Value {
    let port = home.ports().infra(6).to_string();
    home.harness(["serve", "--port", &port, "--json"]).run().json()["error"].clone()
}

/// A gateway and its server.
struct Gateway {
    server: Server,
    port: u16,
}

impl Gateway {
    fn start(home: &TestHome) -> Self {
        let port = home.ports().infra(7);
        let server = Server::start_with(home, &["--gateway", "--gateway-port", &port.to_string()]);
        Self { server, port }
    }

    #[track_caller]
    fn get(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        // the test's own `Host` goes first: this one must be the only one
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let lines: Vec<String> = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let lines = lines.concat();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n").unwrap();
        let mut answer = Vec::new();
        // what is broken off is read as far as it came
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8(answer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// What the application was asked.
    #[track_caller]
    fn asked(&self, host: &str, headers: &[(&str, &str)]) -> Value {
        let answer = self.get(host, "/request/a?b=%20", headers);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    #[track_caller]
    fn refused(&self, host: &str, status: u16, code: &str) -> Value {
        let answer = self.get(host, "/", &[]);
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (status, Some(code)), "{answer:?}");
        answer.json()["error"].clone()
    }
}

/// The values of a header.
fn values(asked: &Value, name: &str) -> Vec<String> {
    let all = asked["headers"].as_array().unwrap().iter();
    all.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_agent_has_names_of_its_own_and_others_get_nothing() {
    let home = TestHome::new();
    let project = site(&home, "my_board", "").write();
    std::fs::create_dir_all(home.path().join("serve")).unwrap();
    let other = home.ports().infra(6);
    let own = home.ports().infra(7);
    let settings = format!(
        "[[gateway.route]]\npath = \"/loop\"\nto = \"http://127.0.0.1:{own}\"\n\
         [[gateway.route]]\nhost = \"harness.localhost\"\nto = \"http://127.0.0.1:{other}\"\n\
         [[gateway.route]]\nhost = \"web.3.my-board.localhost\"\npath = \"/api/nothing\"\nto = \"http://127.0.0.1:1\"\n"
    );
    std::fs::write(home.path().join("serve/serve.toml"), settings).unwrap();
    let gateway = Gateway::start(&home);
    let port = gateway.port;
    project.harness(["launch", "1", "3"]).run().succeeds();

    // what one agent's pages keep is not sent to another's
    let jar = home.directory().join("cookies");
    let browser = |agent: u8, path: &str| {
        let name = format!("web.{agent}.my-board.localhost:{port}");
        let output = Command::new("curl")
            .args(["-sS", "--resolve", &format!("{name}:127.0.0.1"), "-b"])
            .arg(&jar)
            .arg("-c")
            .arg(&jar)
            .arg(format!("http://{name}{path}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let cookies = |agent: u8| values(&serde_json::from_str(&browser(agent, "/request")).unwrap(), "cookie");
    browser(1, "/login");
    assert_eq!((cookies(1), cookies(3)), (vec!["session=1".to_owned()], vec![]));
    browser(3, "/login");
    assert_eq!((cookies(1), cookies(3)), (vec!["session=1".to_owned()], vec!["session=3".to_owned()]));

    let host = format!("Web.3.My-Board.localhost.:{port}");
    let lies = [("X-Forwarded-For", "1.2.3.4"), ("X-Real-IP", "1.2.3.4"), ("Forwarded", "for=1.2.3.4")];
    let hops = [("Connection", "x-secret"), ("X-Secret", "1"), ("TE", "trailers"), ("Proxy-Authorization", "x")];
    let asked = gateway.asked(&host, &[&lies[..], &hops[..]].concat());
    assert_eq!((&asked["agent"], &asked["path"]), (&json!("3"), &json!("/request/a?b=%20")));
    let expected = [
        ("host", vec![host.clone()]),
        ("x-forwarded-for", vec!["127.0.0.1".to_owned()]),
        ("x-forwarded-host", vec![host.clone()]),
        ("x-forwarded-proto", vec!["http".to_owned()]),
    ];
    for (name, wanted) in expected {
        assert_eq!(values(&asked, name), wanted, "{asked}");
    }
    for name in ["x-real-ip", "forwarded", "connection", "x-secret", "te", "proxy-authorization"] {
        assert_eq!(values(&asked, name), Vec::<String>::new(), "{name} in {asked}");
    }
    assert_eq!(gateway.asked("web--1--my-board.localhost", &[])["agent"], "1");

    // others
    assert_eq!(gateway.get(&format!("localhost:{port}"), "/health", &[]).body, "healthy\n");
    let all = gateway.get(&format!("localhost:{port}"), "/", &[]).body;
    assert!(all.contains(&format!("http://web.3.my-board.localhost:{port}/\n")), "{all}");
    let page = gateway.get("web.2.my-board.localhost", "/", &[("Accept", "text/html")]);
    assert!(page.status == 404 && page.body.contains("href=\"http://web.1.my-board.localhost/\""), "{page:?}");
    gateway.refused("web.2.my-board.localhost", 404, "gateway.unknown");
    for foreign in ["evil.com", "web.3.my-board.localhost.evil.com", "my-board"] {
        gateway.refused(foreign, 403, "gateway.host");
    }
    gateway.refused("a, b", 400, "gateway.request");
    let twice = gateway.get("web.3.my-board.localhost", "/", &[("Host", "web.1.my-board.localhost")]);
    assert_eq!(twice.json()["error"]["code"], "gateway.request");
    let both = send("POST", port, "/", &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "x")], b"");
    assert_eq!(both.status, 400, "{both:?}");

    // other servers
    assert_eq!(gateway.get("harness.localhost", "/health", &[]).json()["status"], "ok");
    let silent = gateway.get("web.3.my-board.localhost", "/api/nothing/1", &[]);
    assert_eq!((silent.status, silent.json()["error"]["code"].as_str()), (502, Some("gateway.route")));
    let around = gateway.get("localhost", "/loop", &[]);
    assert_eq!((around.status, around.json()["error"]["code"].as_str()), (508, Some("gateway.loop")));

    project.harness(["teardown", "1", "--force"]).run().succeeds();
    wait_until("the name to go", LONG, || gateway.get("web.1.my-board.localhost", "/", &[]).status == 404);
}

fn kilobytes(pid: u32, what: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn what_is_long_passes_as_it_comes_and_what_breaks_off_is_seen_to() {
    let home = TestHome::new();
    let project = site(&home, "board", "restart = \"no\"").write();
    project.harness(["launch", "3"]).run().succeeds();
    let gateway = Gateway::start(&home);
    let (host, port) = (format!("web.3.board.localhost:{}", gateway.port), gateway.port);
    let open = |head: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(stream, "{head} HTTP/1.1\r\nHost: {host}\r\n").unwrap();
        stream
    };

    let mut socket = Socket::open_at(port, &host, "/echo", "").unwrap();
    for message in [json!({ "a": 1 }), json!("ü".repeat(5000))] {
        socket.say(&message);
        assert_eq!(socket.next(), message);
    }

    let mut events = open("GET /events");
    events.write_all(b"\r\n").unwrap();
    let mut events = BufReader::new(events).lines().map(Result::unwrap);
    assert!(events.any(|line| line == "data: first"), "the first event comes before the second is sent");
    assert_eq!(gateway.get(&host, "/release", &[]).body, "released");
    assert!(events.any(|line| line == "data: second"));

    // a server that closes the connection with the request on its way
    let closed = gateway.refused_path(&host, "/close");
    assert_eq!(closed, "gateway.down");

    let before = kilobytes(gateway.server.pid(), "VmRSS");
    let mut upload = open("POST /");
    write!(upload, "Connection: close\r\nContent-Length: {SIZE}\r\n\r\n").unwrap();
    let piece = vec![b'x'; 1 << 20];
    let mut left = SIZE;
    while left > 0 {
        let next = left.min(piece.len());
        upload.write_all(&piece[..next]).unwrap();
        left -= next;
    }
    let mut answer = String::new();
    upload.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with(&format!("\r\n\r\n{SIZE}")), "{answer}");
    let mut download = open(&format!("GET /large/{SIZE}"));
    download.write_all(b"Connection: close\r\n\r\n").unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut read = 0;
    while let Ok(length @ 1..) = download.read(&mut buffer) {
        read += length;
    }
    assert!((SIZE..SIZE + 1000).contains(&read), "{read}");
    let grown = kilobytes(gateway.server.pid(), "VmHWM").saturating_sub(before);
    assert!(grown < 24_000, "serve grew by {grown} kB");

    // half an answer does not look like a whole one
    let mut dying = open("GET /die");
    dying.write_all(b"\r\n").unwrap();
    let mut text = String::new();
    let _ = dying.read_to_string(&mut text);
    assert!(text.contains("half of it") && !text.ends_with("0\r\n\r\n"), "{text:?}");
    assert!(!text.contains("x-hop"), "{text:?}");
    let mut rest = [0; 1];
    // the tunnel has ended with its application
    assert!(!matches!(socket.stream().read(&mut rest), Ok(1)));
}

impl Gateway {
    /// The code of the refusal of a path.
    #[track_caller]
    fn refused_path(&self, host: &str, path: &str) -> String {
        let answer = self.get(host, path, &[]);
        assert_eq!(answer.status, 502, "{answer:?}");
        answer.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

#[test]
fn one_that_does_not_answer_is_named_with_its_last_lines() {
    let home = TestHome::new();
    let project = site(&home, "board", "restart = \"no\"").write();
    project.harness(["launch", "3"]).run().succeeds();
    let gateway = Gateway::start(&home);
    let host = format!("web.3.board.localhost:{}", gateway.port);
    assert_eq!(gateway.asked(&host, &[])["agent"], "3");
    // by its tree, which it shares with no other agent
    assert_eq!(gateway.asked("web.board.board.localhost", &[])["agent"], "3");
    gateway.get(&host, "/die", &[]);
    let failed = wait_for("the process to have failed", LONG, || {
        let error = gateway.refused(&host, 502, "gateway.down");
        if error["message"].as_str().unwrap().ends_with("is failed") { Ok(error) } else { Err(error.to_string()) }
    });
    assert_eq!(failed["message"], "process `web` of agent 3 of `board` is failed");
    assert!(failed["details"].to_string().contains("fatal: <out> of luck"), "{failed}");
    assert!(failed["hint"].as_str().unwrap().contains("`harness restart 3 web`"), "{failed}");

    let page = gateway.get(&host, "/", &[("Accept", "text/html,*/*")]);
    assert_eq!(page.status, 502);
    assert!(
        page.body.contains("fatal: &lt;out&gt; of luck") && page.body.contains("http-equiv=\"refresh\""),
        "{page:?}"
    );
    assert!(page.head.contains("default-src 'none'") && page.head.contains("no-store"), "{page:?}");

    // another user of the machine learns the state alone
    if harness::system::effective_uid() == 0 {
        let mut stranger = Command::new("curl");
        stranger.uid(65534).gid(65534).current_dir("/").args(["-sS", "--resolve", &format!("{host}:127.0.0.1")]);
        let output = stranger.arg(format!("http://{host}/")).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["error"]["message"], failed["message"]);
        assert!(!document["error"]["details"].to_string().contains("luck"), "{document}");
    } else {
        eprintln!("skipped: only root can be another user");
    }

    project.harness(["start", "3", "web"]).run().succeeds();
    assert_eq!(gateway.asked(&host, &[])["agent"], "3");
    // the application's own waking is all that a parked one needs
    project.harness(["park", "3"]).run().succeeds();
    assert_eq!(gateway.asked(&host, &[])["agent"], "3");
    project.harness(["stop", "3"]).run().succeeds();
    let stopped = gateway.refused(&host, 502, "gateway.down");
    assert_eq!(stopped["message"], "process `web` of agent 3 of `board` is stopped");
    assert!(stopped["hint"].as_str().unwrap().contains("`harness start 3 web`"), "{stopped}");
    home.kill_supervisor(3);
    let gone = gateway.refused(&host, 502, "gateway.down");
    assert!(gone["hint"].as_str().unwrap().contains("`harness launch 3`"), "{gone}");
}
