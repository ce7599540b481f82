//! `harness logs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A line of a process's output: `harness logs --json` prints one such document a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedLine {
    /// `harness/logs-line/1`.
    pub schema: String,
    /// When its first byte was read.
    pub time: String,
    /// The process, or the shared server.
    pub process: String,
    /// Where it was written.
    pub stream: Stream,
    /// Its text without the line's end; what is not UTF-8 is `U+FFFD`.
    pub line: String,
    /// It was longer than 64 KiB: the next line of this stream goes on with it.
    pub continued: bool,
}

/// Some lines of a log at once, as `harness mcp` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogPage {
    /// `harness/logs/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// The lines, oldest first.
    pub lines: Vec<LoggedLine>,
    /// How many of the newest lines to leave out to read what came before these; null where they are the oldest.
    pub next_offset: Option<usize>,
}

words! {
    /// Where output came from.
    pub enum Stream {
        /// Standard output.
        Stdout = "stdout",
        /// Standard error.
        Stderr = "stderr",
    }
}
