//! What happens on the machine, as one numbered stream: `harness events`, `/api/events`, `/ws`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verify::{Outcome, Reason};
use super::{ErrorDocument, Exit, JobState, ProcessState, QueueJobState, TaskChange, TaskStatus};

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamEvent {
    /// `harness/event/1`.
    pub schema: String,
    /// Grows by one with each event of the home; what asks for what came after it resumes there.
    pub number: u64,
    /// When it was noticed, RFC 3339.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub happening: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// A process changed its state.
    Process {
        /// `agent-3`, `infra`.
        stack: String,
        /// The agent; `null` for the shared servers.
        agent: Option<u8>,
        /// The process.
        process: String,
        /// Its state now; `null` where the stack has no such process any more.
        state: Option<ProcessState>,
        /// Its state before; `null` where it is new.
        before: Option<ProcessState>,
        /// Process id of its leader.
        pid: Option<u32>,
        /// Times it was restarted automatically.
        restarts: u32,
        /// How it last ended.
        exit: Option<Exit>,
        /// Why it is in this state.
        reason: Option<String>,
    },
    /// A supervisor came or went.
    Stack {
        /// `agent-3`, `infra`.
        stack: String,
        /// The agent; `null` for the shared servers.
        agent: Option<u8>,
        /// Whether it runs.
        running: bool,
    },
    /// An agent is launched or torn down, by whichever command.
    Agent {
        /// The agent.
        agent: u8,
        /// What happens to it.
        change: AgentChange,
    },
    /// A run of `verify` ended, by whichever command.
    Verify {
        /// The agent.
        agent: u8,
        /// Whether it passed.
        status: Outcome,
        /// Why it did not.
        reason: Option<Reason>,
        /// Whether every stage was asked for.
        full: bool,
        /// The first diagnostic, `path:line: message`.
        first_error: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A launch ended, by whichever command.
    Launch {
        /// The agent.
        agent: u8,
        /// Whether the agent is up.
        well: bool,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A job began or ended.
    Job {
        /// Its number.
        job: u64,
        /// What is done.
        verb: String,
        /// For which agent.
        agent: Option<u8>,
        /// How far it is.
        state: JobState,
        /// Why it failed.
        error: Option<ErrorDocument>,
    },
    /// A job goes on.
    Progress {
        /// Its number.
        job: u64,
        /// For which agent.
        agent: Option<u8>,
        /// What it is about: `agent 3`, `infra`.
        subject: String,
        /// What is done.
        text: String,
    },
    /// A task was changed.
    Task {
        /// Its number.
        task: u64,
        /// What happened to it.
        change: TaskChange,
        /// Its title.
        title: String,
        /// How far it is.
        status: TaskStatus,
        /// The agent that works on it.
        assignee: Option<u8>,
    },
    /// A job of the queue changed its state.
    QueueJob {
        /// Its number.
        job: u64,
        /// The ticket.
        ticket: u64,
        /// Which attempt at the ticket it is.
        attempt: u32,
        /// How far it is.
        state: QueueJobState,
        /// The worker that has it.
        worker: Option<String>,
    },
    /// Events that the reader was too slow for, or that are no longer kept; the stream goes on behind them.
    Lost {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
}

words! {
    /// What happens to an agent.
    pub enum AgentChange {
        /// Its first launch began.
        Launching = "launching",
        /// It is up, or a launch of it has ended.
        Launched = "launched",
        /// It is being removed.
        TearingDown = "tearing_down",
        /// It is gone.
        Removed = "removed",
    }
}
