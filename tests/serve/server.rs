//! A server of a test's own home, and its clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Answer, LONG, Running, TestHome, send, try_get, wait_until};

/// `harness serve`, ended with the test.
pub(crate) struct Server {
    running: Option<Running>,
    pub(crate) port: u16,
    pub(crate) token: String,
}

impl Server {
    /// Starts one and waits until it answers.
    pub(crate) fn start(home: &TestHome) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with further arguments.
    pub(crate) fn start_with(home: &TestHome, arguments: &[&str]) -> Self {
        Self::start_as(home, arguments, &[])
    }

    /// The same with further arguments and variables.
    pub(crate) fn start_as(home: &TestHome, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let port = home.ports().infra(6);
        let own = ["serve", "--port", &port.to_string()].map(str::to_owned);
        let all = own.into_iter().chain(arguments.iter().map(|argument| (*argument).to_owned()));
        let command = home.harness(all).deadline(Duration::from_mins(4));
        let running = variables.iter().fold(command, |command, (name, value)| command.env(name, *value)).spawn();
        wait_until("the server to answer", LONG, || try_get(port, "/health").is_ok());
        let token = std::fs::read_to_string(home.path().join("serve/token")).unwrap().trim().to_owned();
        Self { running: Some(running), port, token }
    }

    /// Sends a request with the token.
    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        send(method, self.port, path, &headers, body.as_bytes())
    }

    /// A document.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.request("GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// Begins a job and waits until it has ended; the job.
    #[track_caller]
    pub(crate) fn job(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.request(method, path, body);
        assert_eq!(answer.status, 202, "{path}: {answer:?}");
        let path = format!("/api/jobs/{}", answer.json()["id"]);
        wait_until("the job to end", LONG, || self.get(&path)["state"] != "running");
        self.get(&path)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().pid()
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn ends_by(mut self, signal: Signal) -> crate::support::Outcome {
        let running = self.running.take().unwrap();
        running.signal(signal);
        running.wait()
    }

    /// Follows what is sent as Server-Sent Events.
    pub(crate) fn follow(&self, path: &str) -> Lines {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let (port, token) = (self.port, &self.token);
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Lines(BufReader::new(stream))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.signal(Signal::TERM);
            running.wait();
        }
    }
}

/// The events of a stream.
pub(crate) struct Lines(BufReader<TcpStream>);

impl Lines {
    /// The status line.
    pub(crate) fn status(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// Waits for the head of an answer that says success.
    #[track_caller]
    pub(crate) fn begun(&mut self) {
        let status = self.status();
        assert!(status.contains("200"), "{status}");
    }

    /// The next document.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream has ended");
            if let Some(document) = line.strip_prefix("data: ") {
                return serde_json::from_str(document).unwrap();
            }
        }
    }
}

/// A WebSocket, as far as a test needs one.
pub(crate) struct Socket(BufReader<TcpStream>);

impl Socket {
    /// Opens one; what came instead, where it was refused.
    pub(crate) fn open(server: &Server, path: &str, headers: &str) -> Result<Self, String> {
        Self::open_at(server.port, &format!("127.0.0.1:{}", server.port), path, headers)
    }

    /// The same of a port, where the server has the name `host`.
    pub(crate) fn open_at(port: u16, host: &str, path: &str, headers: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut status = String::new();
        reader.read_line(&mut status).unwrap();
        if !status.contains("101") {
            return Err(status);
        }
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        Ok(Self(reader))
    }

    /// The connection.
    pub(super) fn stream(&mut self) -> &mut impl Read {
        &mut self.0
    }

    /// Sends a text message of less than 64 kB.
    pub(crate) fn say(&mut self, document: &Value) {
        let text = document.to_string();
        let length = u16::try_from(text.len()).unwrap();
        // masked, with a mask of zeros
        let mut message = vec![0x81, 0x80 | 0x7e];
        message.extend(length.to_be_bytes());
        message.extend([0; 4]);
        message.extend(text.as_bytes());
        self.0.get_mut().write_all(&message).unwrap();
    }

    /// The next text message.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).unwrap();
            let length = match head[1] {
                126 => {
                    let mut length = [0; 2];
                    self.0.read_exact(&mut length).unwrap();
                    usize::from(u16::from_be_bytes(length))
                }
                127 => {
                    let mut length = [0; 8];
                    self.0.read_exact(&mut length).unwrap();
                    usize::try_from(u64::from_be_bytes(length)).unwrap()
                }
                length => usize::from(length),
            };
            let mut message = vec![0; length];
            self.0.read_exact(&mut message).unwrap();
            // pings come between
            if head[0] == 0x81 {
                return serde_json::from_slice(&message).unwrap();
            }
        }
    }
}
