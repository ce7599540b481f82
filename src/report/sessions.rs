//! Terminal sessions of an agent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `harness session start|list|stop`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sessions {
    /// `harness/session/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// What was done.
    pub action: SessionVerb,
    /// The session that was started or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The sessions that there are now, by name; those that have ended and were not stopped among them.
    pub sessions: Vec<SessionRow>,
}

/// The sessions of all agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllSessions {
    /// `harness/sessions/1`.
    pub schema: String,
    /// The agents that have one, by number.
    pub agents: Vec<Sessions>,
}

words! {
    /// A verb of `harness session`.
    pub enum SessionVerb {
        /// Start one.
        Start = "start",
        /// List them.
        List = "list",
        /// End one.
        Stop = "stop",
    }
}

words! {
    /// State of a session.
    pub enum SessionState {
        /// Its program runs.
        Running = "running",
        /// Its program is being ended.
        Stopping = "stopping",
        /// Its program has ended.
        Ended = "ended",
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRow {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: SessionState,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where it was started.
    pub directory: String,
    /// The program, while it runs.
    pub pid: Option<u32>,
    /// When it was started, RFC 3339.
    pub started_at: Option<String>,
    /// When it ended, RFC 3339.
    pub ended_at: Option<String>,
    /// Its exit code, where it has ended by itself.
    pub exit_code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
    /// How it ended, or why it did not start.
    pub reason: Option<String>,
}
