//! `agents/<id>/journal`: each step of a launch or teardown, before and after it happens, one JSON
//! object a line. It is evidence for people and for the next command, which reports where the last one
//! was interrupted; what has to be done is decided by what exists, never by the journal.
//!
//! Debug builds kill themselves (SIGKILL) at the entry that `HARNESS_KILL_AT` names, as
//! `<command>:<step>:<phase>`: that is how the fault tests interrupt a command at every point.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::report::StepTime;
use crate::system::{self, Error, Home, unless_full};

use crate::project::AgentId;

/// The journal of one command on one agent.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    command: &'static str,
    times: Vec<StepTime>,
    /// Whether the command continues when the disk is full, because it frees space.
    tolerant: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    command: String,
    step: String,
    phase: Phase,
    at: String,
    pid: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Begin,
    Done,
    Failed,
}

/// A step that was begun; [`Journal::done`] ends it.
#[derive(Debug)]
#[must_use]
pub(super) struct Step {
    name: &'static str,
    began: Instant,
}

impl Journal {
    /// Opens the journal of an agent for `command`, afresh.
    pub(super) fn open(home: &Home, agent: AgentId, command: &'static str) -> system::Result<Self> {
        let path = path(home, agent);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        Ok(Self { file, path, command, times: Vec::new(), tolerant: false })
    }

    /// The same for a command that removes: it goes on when the disk is full.
    pub(super) fn open_to_remove(home: &Home, agent: AgentId, command: &'static str) -> system::Result<Self> {
        Ok(Self { tolerant: true, ..Self::open(home, agent, command)? })
    }

    /// Says that a step begins.
    pub(super) fn begin(&mut self, step: &'static str) -> system::Result<Step> {
        self.write(step, Phase::Begin)?;
        Ok(Step { name: step, began: Instant::now() })
    }

    /// Says that a step is done.
    pub(super) fn done(&mut self, step: &Step) -> system::Result<()> {
        self.timed(step.name, step.began.elapsed());
        self.write(step.name, Phase::Done)
    }

    /// Records that the command failed.
    pub(super) fn failed(&mut self) -> system::Result<()> {
        self.write("end", Phase::Failed)
    }

    /// Adds the time of work that is not a step of its own.
    pub(super) fn timed(&mut self, name: &str, elapsed: Duration) {
        self.times.push(StepTime { name: name.to_owned(), duration_ms: crate::report::milliseconds(elapsed) });
    }

    /// How long each step took.
    pub(super) fn times(&self) -> Vec<StepTime> {
        self.times.clone()
    }

    fn write(&mut self, step: &str, phase: Phase) -> system::Result<()> {
        let entry = Entry {
            command: self.command.to_owned(),
            step: step.to_owned(),
            phase,
            at: jiff::Timestamp::now().to_string(),
            pid: std::process::id(),
        };
        let mut line = serde_json::to_vec(&entry).unwrap_or_default();
        line.push(b'\n');
        let written = self.file.write_all(&line).map_err(Error::file("write", &self.path));
        if self.tolerant {
            unless_full(written)?;
        } else {
            written?;
        }
        cut_off_here(self.command, step, phase);
        Ok(())
    }
}

fn path(home: &Home, agent: AgentId) -> PathBuf {
    home.stack_dir(agent.stack()).join("journal")
}

/// The last command on an agent that wrote down how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastCommand {
    /// Whether it was a launch; else it was a teardown.
    pub is_launch: bool,
    /// Whether it did what it should.
    pub well: bool,
    /// When it began.
    pub began: jiff::Timestamp,
    /// When it ended.
    pub ended: jiff::Timestamp,
}

/// The last command on this agent, once it has ended; `None` while one is at work, and after one that was cut off.
pub fn last_command(home: &Home, agent: AgentId) -> Option<LastCommand> {
    let text = std::fs::read_to_string(path(home, agent)).ok()?;
    let first: Entry = serde_json::from_str(text.lines().next()?).ok()?;
    let last: Entry = serde_json::from_str(text.lines().next_back()?).ok()?;
    let well = match (last.step.as_str(), last.phase) {
        ("end", Phase::Done) => true,
        ("end", Phase::Failed) => false,
        _ => return None,
    };
    let (began, ended) = (first.at.parse().ok()?, last.at.parse().ok()?);
    Some(LastCommand { is_launch: first.command == "launch", well, began, ended })
}

/// Where the last command on this agent did not end: `launch, at database`; `None` when it ended.
pub(super) fn cut_off(home: &Home, agent: AgentId) -> Option<String> {
    let path: &Path = &path(home, agent);
    let text = std::fs::read_to_string(path).ok()?;
    let last: Entry = text.lines().rev().find_map(|line| serde_json::from_str(line).ok())?;
    (last.step != "end" || last.phase == Phase::Begin).then(|| format!("{}, at {}", last.command, last.step))
}

#[cfg(debug_assertions)]
fn cut_off_here(command: &str, step: &str, phase: Phase) {
    let Ok(wanted) = std::env::var("HARNESS_KILL_AT") else { return };
    let phase = match phase {
        Phase::Begin => "begin",
        Phase::Done => "done",
        Phase::Failed => "failed",
    };
    if wanted == format!("{command}:{step}:{phase}") {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

#[cfg(not(debug_assertions))]
fn cut_off_here(_: &str, _: &str, _: Phase) {}
