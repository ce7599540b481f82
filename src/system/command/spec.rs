//! A program with everything around it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::system::loopback_map::Watch;

/// How many last lines are kept unless the caller says otherwise.
const TAIL_LINES: usize = 40;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A command line for `/bin/sh -c`.
    Shell(String),
    /// A program and its arguments.
    Argv(Vec<OsString>),
}

/// A program with everything around it.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// What to run.
    pub program: Program,
    /// Where.
    pub dir: PathBuf,
    /// The complete environment; of a name given twice the later value counts.
    pub env: Vec<(String, String)>,
    /// When it is ended.
    pub timeout: Option<Duration>,
    /// Between SIGTERM and SIGKILL at the timeout.
    pub grace: Duration,
    /// A file that gets the raw output; created or emptied.
    pub log: Option<PathBuf>,
    /// How many bytes the log may hold; what comes after is read and counted, not kept.
    pub log_limit: u64,
    /// Who sees what it connects to.
    pub watch: Option<Watch>,
    /// How many last lines [`Output::tail`](super::Output::tail) holds.
    pub tail_lines: usize,
}

impl CommandSpec {
    /// A shell command without timeout and log.
    pub fn shell(command: impl Into<String>, dir: impl Into<PathBuf>, env: Vec<(String, String)>) -> Self {
        Self {
            program: Program::Shell(command.into()),
            dir: dir.into(),
            env,
            timeout: None,
            grace: Duration::from_secs(2),
            log: None,
            log_limit: u64::MAX,
            watch: None,
            tail_lines: TAIL_LINES,
        }
    }

    /// The same, ended after `timeout`.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same, its raw output written to `log`.
    #[must_use]
    pub fn with_log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// For messages: never a whole shell line, which may hold a rendered password.
    pub(super) fn name(&self) -> String {
        match &self.program {
            Program::Shell(line) => match line.split_whitespace().next() {
                Some(word) if !word.contains('=') => format!("{word} …"),
                _ => "sh".to_owned(),
            },
            Program::Argv(words) => words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(),
        }
    }
}
