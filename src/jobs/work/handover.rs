//! What a worker and its job in a container say to each other.
//!
//! The job is the first line that the container reads: keys are in no file, no image and no description of a container.
//! What it prints on stdout are messages, one a line and numbered, so that a worker that was started again goes on where it
//! was. At the end its folder has the result and a bundle of commits.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::kept::Phase;
use super::line::Facts;
use crate::report::{JobOutcome, WorkerJob};

/// The shape of all this.
pub(super) const VERSION: u32 = 1;
/// Where the container finds its repository, works, and leaves its result.
pub(super) const ROOT: &str = "/work";
pub(super) const REPOSITORY: &str = "repository.bundle";
/// In a checkout without its whole history: where that begins.
pub(super) const SHALLOW: &str = "shallow";
pub(super) const RESULT: &str = "result.json";
pub(super) const WORK: &str = "work.bundle";
/// Under this name the bundle has its commits.
pub(super) const RESULT_REF: &str = "refs/harness/result";
/// Without any message for so long, a container is taken for dead.
pub(super) const SILENCE: std::time::Duration = std::time::Duration::from_mins(5);
/// How often it says that it is there.
pub(super) const BEAT: std::time::Duration = std::time::Duration::from_secs(15);

/// A job for a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Handover {
    pub(super) version: u32,
    pub(super) claimed: WorkerJob,
    pub(super) branch: String,
    /// The commit that it begins from.
    pub(super) start: String,
    /// The commit of the base.
    pub(super) base: String,
    /// Who commits, as settings of git.
    pub(super) identity: Vec<(String, String)>,
    /// The variables of its program.
    pub(super) variables: BTreeMap<String, String>,
    /// The command that reaches into the container.
    pub(super) reach: String,
}

/// What a container says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "value")]
pub(super) enum Word {
    /// It has the job.
    Begun,
    /// It is there.
    Beat,
    /// A line for the log.
    Line(String),
    /// How far it is.
    Facts(Box<Facts>),
}

/// A word with its number, from 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) number: u64,
    #[serde(flatten)]
    pub(super) word: Word,
}

/// What a container has come to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Handback {
    pub(super) version: u32,
    /// The step that comes next: the push, or the end.
    #[serde(flatten)]
    pub(super) phase: Phase,
    pub(super) round: u32,
    pub(super) ended: String,
    pub(super) outcome: JobOutcome,
    /// The commit that its tree is at, where it came so far.
    pub(super) commit: Option<String>,
}

/// The mouth of a container.
#[derive(Debug, Default)]
pub(super) struct Mouth(Mutex<u64>);

impl Mouth {
    /// Prints a message.
    pub(super) fn say(&self, word: Word) {
        let mut number = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *number += 1;
        let Ok(mut line) = serde_json::to_vec(&Message { number: *number, word }) else { return };
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        // nobody else is there who could be told
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}

/// Messages out of pieces of output.
#[derive(Debug, Default)]
pub(super) struct Messages(Vec<u8>);

impl Messages {
    /// Takes a piece; the messages that it completes. What is none is passed over.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<Message> {
        self.0.extend_from_slice(piece);
        let Some(end) = memchr::memrchr(b'\n', &self.0) else { return Vec::new() };
        let whole: Vec<u8> = self.0.drain(..=end).collect();
        whole.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_put_together_from_pieces() {
        let mut messages = Messages::default();
        let text = serde_json::to_string(&Message { number: 7, word: Word::Line("a \u{1f980} b".to_owned()) }).unwrap();
        let (one, two) = text.as_bytes().split_at(text.len() - 6);
        assert!(messages.take(b"no message\n").is_empty());
        assert!(messages.take(one).is_empty());
        let found = messages.take(&[two, b"\n{\"number\":8,\"what\":\"beat\"}\n{\"num"].concat());
        assert_eq!(found.iter().map(|message| message.number).collect::<Vec<_>>(), [7, 8]);
        assert!(matches!(&found[0].word, Word::Line(line) if line == "a \u{1f980} b"));
    }
}
