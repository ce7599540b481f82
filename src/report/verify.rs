//! `harness verify`: is the work done?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorDocument, TemplateState};

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
        /// The tree after the run is not the tree before it.
        TreeChanged = "tree_changed",
        /// The agent's stack is not up.
        NotRunning = "not_running",
        /// `harness.toml` or the command line is wrong.
        Configuration = "configuration",
        /// The machine lacks something.
        Environment = "environment",
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
        /// It was not run: an earlier stage failed, or it was not requested.
        Skipped = "skipped",
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
    /// Its own first diagnostic, as in the stage.
    pub first_error: Option<String>,
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

/// Whether the present tree has passed `harness verify --full`: `harness verify --status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyStatus {
    /// `harness/verify-status/1`.
    pub schema: String,
    /// Whether this very tree has passed every stage of this plan.
    pub verified: bool,
    /// Why not, in words; null when it is.
    pub reason: Option<String>,
    /// The agent whose tree this is.
    pub agent: Option<u8>,
    /// The present tree; null outside a git repository.
    pub tree: Option<String>,
    /// The last full pass.
    pub last_full_pass: Option<RecordedRun>,
    /// The last run of any kind.
    pub last_run: Option<RecordedRun>,
    /// Why the question could not be answered.
    pub error: Option<ErrorDocument>,
}

/// A run that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedRun {
    /// Its name, which is also that of its folder of logs.
    pub run: String,
    /// What it found.
    pub status: Outcome,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// Whether it was of every stage.
    pub full: bool,
    /// The tree it was bound to.
    pub tree: Option<String>,
    /// When it ended, RFC 3339.
    pub finished_at: String,
}

impl VerifyStatus {
    /// The document of a question that could not be answered.
    pub fn unknown(error: ErrorDocument, agent: Option<u8>) -> Self {
        Self {
            schema: "harness/verify-status/1".to_owned(),
            verified: false,
            reason: Some(error.message.clone()),
            agent,
            tree: None,
            last_full_pass: None,
            last_run: None,
            error: Some(error),
        }
    }
}

/// The stages of a project: `harness verify --list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyPlan {
    /// `harness/verify-list/1`.
    pub schema: String,
    /// In the order in which they run.
    pub stages: Vec<PlannedStage>,
}

/// A stage of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStage {
    /// Its name.
    pub name: String,
    /// Only with `--full`.
    pub full: bool,
    /// Its time limit.
    pub timeout_ms: u64,
    /// Its commands; they run together.
    pub commands: Vec<PlannedCommand>,
}

/// A command of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedCommand {
    /// Its name.
    pub name: String,
    /// What it does, as the project writes it: a command line, or `GET` with port and path.
    pub does: String,
}

impl Verify {
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
            warnings: Vec::new(),
            error: Some(error),
        }
    }
}

/// What `harness hook install` and `harness hook remove` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hook {
    /// `harness/hook/1`.
    pub schema: String,
    /// Absolute path of the hook.
    pub path: String,
    /// What happened to it.
    pub outcome: HookOutcome,
}

words! {
    /// What happened to a hook.
    pub enum HookOutcome {
        /// It was made.
        Installed = "installed",
        /// An older one of harness's own was replaced.
        Updated = "updated",
        /// It was as it should be.
        Unchanged = "unchanged",
        /// It is gone.
        Removed = "removed",
    }
}
