//! What one run of the stages found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{ErrorDocument, TemplateState};
use super::against::Against;
use super::signed::Evidence;

/// What one run of the stages found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verify {
    /// `harness/verify/1`.
    pub schema: String,
    /// `pass` if every requested stage passed and no file changed meanwhile.
    pub status: Outcome,
    /// Every stage of the plan, in order; those that were not run are `skipped`.
    pub stages: Vec<Stage>,
    /// Wall-clock time of the whole run.
    pub total_duration_ms: u64,
    /// The agent whose tree this is; null in a project without one.
    pub agent: Option<u8>,
    /// Whether `--full` was given.
    pub full: bool,
    /// Why it failed; null on a pass.
    pub reason: Option<Reason>,
    /// What the result is bound to; null outside a git repository.
    pub tree: Option<Tree>,
    /// Whether the agent's database comes from the template of the present inputs; null where that is not known.
    pub template: Option<TemplateState>,
    /// Whether it was watched whose servers the commands talked to; null where nothing was run.
    pub network: Option<Network>,
    /// Why it was not.
    pub network_reason: Option<String>,
    /// What failed, compared with a commit; null without `--against`.
    pub against: Option<Against>,
    /// The signed evidence of the pass; null without `--sign`.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Warnings: `[verify]` differs from that of the project's root, an old run was cleaned up.
    pub warnings: Vec<String>,
    /// Why verify could not run, or an error outside the commands.
    pub error: Option<ErrorDocument>,
}

words! {
    /// Did it pass?
    pub enum Outcome {
        /// Yes.
        Pass = "pass",
        /// No.
        Fail = "fail",
    }
}

words! {
    /// Why a run is a `fail`.
    pub enum Reason {
        /// A stage failed or took too long.
        StageFailed = "stage_failed",
        /// A command talked to a server on loopback that is neither the agent's, nor the home's, nor the run's.
        ForeignServer = "foreign_server",
        /// The tree after the run is not the tree before it.
        TreeChanged = "tree_changed",
        /// No stage was run: every one is marked `full`, and `--full` was not given.
        NothingRan = "nothing_ran",
        /// The agent's stack is not up.
        NotRunning = "not_running",
        /// `harness.toml` or the command line is wrong.
        Configuration = "configuration",
        /// The machine lacks something.
        Environment = "environment",
    }
}

words! {
    /// Is it seen whose servers on loopback commands talk to?
    pub enum Network {
        /// Each of their connections is looked at.
        Watched = "watched",
        /// None is.
        Unwatched = "unwatched",
    }
}

words! {
    /// How a stage or a command ended.
    pub enum StageStatus {
        /// Every command exited with 0.
        Pass = "pass",
        /// A command did not.
        Fail = "fail",
        /// A command was killed at the stage's timeout.
        Timeout = "timeout",
        /// It was not run, because its inputs are those of its last pass (`--affected`); a stage: all of its commands.
        Cached = "cached",
        /// It was not run: an earlier stage failed, or it was not requested.
        Skipped = "skipped",
    }
}

impl StageStatus {
    /// Whether something is wrong.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::Timeout)
    }
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The worst of its commands.
    pub status: StageStatus,
    /// From the start of its commands to the end of the last.
    pub duration_ms: u64,
    /// The first diagnostic, `path:line: message` with the path relative to the tree's root; where none was
    /// recognised, the last meaningful lines. Null unless the stage failed.
    pub first_error: Option<String>,
    /// Its commands, in the order of the plan.
    pub commands: Vec<Command>,
}

/// One command of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: StageStatus,
    /// Its exit code; null when a signal ended it, it never ran, or it is an HTTP check.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// How long it ran.
    pub duration_ms: u64,
    /// Absolute path of its output, byte for byte; null when it never ran.
    pub log: Option<String>,
    /// Its own first diagnostic, as in the stage; then a line for each foreign server.
    pub first_error: Option<String>,
    /// Servers of somebody else that it connected to, at most twenty; with any of them it fails.
    #[serde(default)]
    pub foreign_servers: Vec<ForeignServer>,
}

/// A server on loopback that is neither the agent's, nor the home's, nor the run's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignServer {
    /// Where it was reached: `127.0.0.1`, `::1`.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// The process that listens; null where it is another user's.
    pub pid: Option<u32>,
    /// Its command line; null where that is not known.
    pub command: Option<String>,
}

/// The git tree of everything in the work tree that git does not ignore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tree {
    /// Its object name before the first stage.
    pub before: String,
    /// Its object name after the last stage; null when the run ended early.
    pub after: Option<String>,
    /// Paths that differ between the two, at most twenty.
    pub changed: Vec<String>,
}

impl Verify {
    /// Its commands that were not run, because their inputs are those of their last pass.
    pub fn cached(&self) -> impl Iterator<Item = (&Stage, &Command)> {
        let each = self.stages.iter().flat_map(|stage| stage.commands.iter().map(move |command| (stage, command)));
        each.filter(|(_, command)| command.status == StageStatus::Cached)
    }

    /// The document of a run that could not begin.
    pub fn could_not_run(reason: Reason, error: ErrorDocument, agent: Option<u8>, full: bool) -> Self {
        Self {
            schema: "harness/verify/1".to_owned(),
            status: Outcome::Fail,
            stages: Vec::new(),
            total_duration_ms: 0,
            agent,
            full,
            reason: Some(reason),
            tree: None,
            template: None,
            network: None,
            network_reason: None,
            against: None,
            evidence: None,
            warnings: Vec::new(),
            error: Some(error),
        }
    }
}
