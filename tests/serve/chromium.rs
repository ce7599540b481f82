//! Scripts that drive a real Chromium, and what passes between them and their test.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::server::Server;
use crate::shop::packages;
use crate::support::TestHome;

/// A script that was started.
pub(super) struct Script {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts a script of this folder, signed in at the server; `None`, and said, where there is no Chromium.
    pub(super) fn start(name: &str, home: &TestHome, server: &Server, arguments: &[&str]) -> Option<Self> {
        let modules = packages::installed()?;
        let opened = home.harness(["open", "--dashboard", "--json"]).run().succeeds().json();
        let mut child = Command::new("timeout")
            .args(["180", "node"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve").join(name))
            .arg(modules.parent().unwrap())
            .arg(format!("http://127.0.0.1:{}", server.port))
            .arg(opened["url"].as_str().unwrap())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Some(Self { child, lines })
    }

    #[track_caller]
    fn line(&mut self) -> String {
        self.lines.next().expect("the script says more; what kept it from doing so is above").unwrap()
    }

    /// Waits for a word, does what it asks for, and lets the script go on.
    #[track_caller]
    pub(super) fn at(&mut self, word: &str, act: impl FnOnce()) {
        assert_eq!(self.line(), word);
        act();
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// What it has seen.
    #[track_caller]
    pub(super) fn seen(mut self) -> Value {
        let seen = serde_json::from_str(&self.line()).unwrap();
        assert!(self.child.wait().unwrap().success());
        seen
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // `timeout` hands the signal on
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
