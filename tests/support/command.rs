//! The real binary: arguments, a clean environment, a deadline, what it said.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything takes; a command that is still there is stuck.
const DEADLINE: Duration = Duration::from_mins(5);

/// One call of `harness`, being put together.
pub(crate) struct HarnessCommand {
    binary: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: PathBuf,
    deadline: Duration,
}

impl HarnessCommand {
    /// A call in `directory` with this environment and nothing else.
    pub(crate) fn new(directory: &Path, environment: Vec<(OsString, OsString)>) -> Self {
        let binary = env!("CARGO_BIN_EXE_harness").into();
        Self { binary, arguments: Vec::new(), environment, directory: directory.to_owned(), deadline: DEADLINE }
    }

    /// Runs another binary than the one under test.
    pub(crate) fn binary(mut self, binary: &Path) -> Self {
        binary.clone_into(&mut self.binary);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs in another directory.
    pub(crate) fn dir(mut self, directory: &Path) -> Self {
        directory.clone_into(&mut self.directory);
        self
    }

    /// Gives up sooner or later than usual.
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.spawn().wait()
    }

    /// Starts it for somebody who writes to its stdin and reads what it says.
    #[track_caller]
    pub(crate) fn child(self) -> Child {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).env_clear().envs(self.environment).current_dir(&self.directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("start the harness binary")
    }

    /// Starts it.
    #[track_caller]
    pub(crate) fn spawn(self) -> Running {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).env_clear().envs(self.environment).current_dir(&self.directory);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start the harness binary");
        let shown: Vec<_> = self.arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        Running { command: format!("harness {}", shown.join(" ")), child, stdout, stderr, deadline: self.deadline }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A call that has begun.
pub(crate) struct Running {
    command: String,
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    deadline: Duration,
}

impl Running {
    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("ask for the status").is_some()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a child has a pid");
        // it may have ended by itself
        let _ = kill_process(pid, signal);
    }

    /// Waits for its end. It must come, and nothing that it leaves running may hold its output open.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Outcome {
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("ask for the status") {
                break status;
            }
            if began.elapsed() > self.deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("`{}` did not end within {:?}", self.command, self.deadline);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let held_open = Instant::now();
        while !(self.stdout.is_finished() && self.stderr.is_finished()) {
            assert!(
                held_open.elapsed() < Duration::from_secs(10),
                "`{}` ended, but something that it started holds its stdout or stderr",
                self.command
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        Outcome {
            command: self.command,
            code: status.code(),
            stdout: self.stdout.join().expect("the reader does not panic"),
            stderr: self.stderr.join().expect("the reader does not panic"),
            duration: began.elapsed(),
        }
    }
}

/// What a call did and said.
pub(crate) struct Outcome {
    pub(crate) command: String,
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) duration: Duration,
}

impl Outcome {
    /// Fails the test unless it exited with status 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    /// Fails the test unless it exited with this status.
    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert!(self.code == Some(code), "expected exit status {code}\n{self}");
        self
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is no JSON document: {error}\n{self}"))
    }

    /// Fails the test unless stderr has this text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "expected `{text}` on stderr\n{self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr, duration } = self;
        let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit status {code}"));
        write!(formatter, "`{command}`: {code} after {duration:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
