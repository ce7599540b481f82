//! A stand-in of GitHub's API: it takes what the published description takes, and remembers it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// The token that it takes.
pub(crate) const TOKEN: &str = "ghp_token_of_the_tests";

#[derive(Default)]
struct State {
    pulls: Vec<Value>,
    faults: Vec<String>,
    /// Answers with 500 so often first.
    trouble: usize,
}

/// A server, ended with the test.
pub(crate) struct GitHub {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl GitHub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, stop) = (Arc::<Mutex<State>>::default(), Arc::<AtomicBool>::default());
        let (known, ended) = (Arc::clone(&state), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                // a client that goes away in between is no fault
                let _ = answer(stream, &known);
            }
        });
        Self { port, state, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Fails so often from now on.
    pub(crate) fn fails(&self, times: usize) {
        self.state.lock().unwrap().trouble = times;
    }

    /// What was opened, and that every request was as the description has it.
    #[track_caller]
    pub(crate) fn pulls(&self) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        assert_eq!(state.faults, Vec::<String>::new());
        state.pulls.clone()
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// One request a connection.
fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut body = vec![0; header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let mut state = state.lock().unwrap();
    let mut fault = |text: String| state.faults.push(format!("{method} {path}: {text}"));
    for (name, expected) in [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")] {
        if header(name) != Some(expected) {
            fault(format!("{name} is {:?}", header(name)));
        }
    }
    if header("user-agent").is_none_or(str::is_empty) {
        fault("there is no user-agent".to_owned());
    }
    let (status, document) = if header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        (401, json!({ "message": "Bad credentials" }))
    } else if state.trouble > 0 {
        state.trouble -= 1;
        (502, json!({ "message": "Server Error" }))
    } else {
        route(&mut state, &method, &path, &body)
    };
    let text = document.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}

fn route(state: &mut State, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path != "/repos/o/r/pulls" {
        return (404, json!({ "message": "Not Found" }));
    }
    if method == "GET" {
        let wanted = |pull: &&Value| {
            let head = format!("head=o%3A{}", pull["head"].as_str().unwrap().replace('/', "%2F"));
            query.split('&').any(|part| part == head)
        };
        let found: Vec<&Value> = state.pulls.iter().filter(wanted).collect();
        return (200, json!(found));
    }
    // POST /repos/{owner}/{repo}/pulls
    let known = ["title", "head", "head_repo", "base", "body", "maintainer_can_modify", "draft", "issue"];
    let mut pull: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields = pull.as_object().cloned().unwrap_or_default();
    if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        state.faults.push(format!("`{name}` is no field of a pull request"));
    }
    for name in ["title", "head", "base", "body"] {
        if !fields.get(name).is_some_and(Value::is_string) {
            state.faults.push(format!("`{name}` is no text"));
        }
    }
    let number = state.pulls.len() + 1;
    pull["html_url"] = json!(format!("https://github.com/o/r/pull/{number}"));
    state.pulls.push(pull.clone());
    (201, pull)
}
