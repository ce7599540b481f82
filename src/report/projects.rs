//! Projects of the queue: repositories that tickets are about, and how jobs in them are done.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueProject {
    /// `harness/project/1`.
    pub schema: String,
    /// Its number.
    pub id: u64,
    /// Its name, unique among projects.
    pub name: String,
    /// How its jobs are done.
    #[serde(flatten)]
    pub settings: ProjectSettings,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// All projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueProjects {
    /// `harness/projects/1`.
    pub schema: String,
    /// By name.
    pub projects: Vec<QueueProject>,
}

/// How the jobs of a project are done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectSettings {
    /// The checkout on the worker's machine, absolute.
    pub path: PathBuf,
    /// The branch that work begins from and pull requests lead to.
    pub base: String,
    /// The remote that branches are pushed to; empty: nothing is pushed.
    pub remote: String,
    /// `owner/name` on GitHub; without it no pull request is opened, unless the remote's URL is GitHub's.
    pub github: Option<String>,
    /// A known program (`claude`, `codex`, `opencode`, `aider`, `gemini`), or program and arguments in which
    /// `{prompt}` and `{prompt_file}` are replaced, each as one argument.
    pub program: Vec<String>,
    /// Template of the prompt, in place of the built-in one.
    pub prompt: Option<String>,
    /// Variables of the worker's environment that the program gets beside those of its kind; their values are secret.
    pub variables: Vec<String>,
    /// How long one round of the program may take, in seconds.
    pub time_limit_s: u64,
    /// What a job may cost in US dollars, as far as its program says what it costs: no round begins once that is spent.
    pub cost_limit_usd: Option<f64>,
    /// Rounds of work and verify.
    pub rounds: u32,
    /// Attempts at a ticket whose worker was lost or whose machine failed.
    pub attempts: u32,
    /// The wait before the second attempt, in seconds; it doubles with each.
    pub backoff_s: u64,
    /// Where its jobs are done.
    pub execution: JobExecution,
    /// The image of its containers, in place of the worker's.
    pub image: Option<String>,
    /// Whether a job that Docker fails to do is done on the worker's machine itself.
    pub fallback: bool,
    /// What becomes of the stack after the job.
    pub stack: StackAfter,
    /// Whether new tickets wait for approval.
    pub approval: bool,
    /// Where further tickets come from.
    pub source: Option<TicketSource>,
    /// The id of the project at Plane.
    pub plane: Option<String>,
    /// Whether review comments on pull requests of jobs reopen their tickets.
    pub reviews: bool,
    /// The label of the issues that are tickets.
    pub label: String,
    /// Whether work at an issue begins at once; `approval` is stronger.
    pub start: bool,
    /// The labels that issues get by the state of their tickets; an empty one is not set.
    pub state_labels: StateLabels,
    /// Whether issues get comments.
    pub comments: bool,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            base: "main".to_owned(),
            remote: "origin".to_owned(),
            github: None,
            program: vec!["claude".to_owned()],
            prompt: None,
            variables: Vec::new(),
            time_limit_s: 3600,
            cost_limit_usd: None,
            rounds: 3,
            attempts: 3,
            backoff_s: 10,
            execution: JobExecution::Local,
            image: None,
            fallback: true,
            stack: StackAfter::Teardown,
            approval: false,
            source: None,
            plane: None,
            reviews: false,
            label: "agent-task".to_owned(),
            start: false,
            state_labels: StateLabels::default(),
            comments: true,
        }
    }
}

words! {
    /// Where tickets come from, besides people and the API.
    pub enum TicketSource {
        /// Issues of the repository `github`.
        GitHub = "github",
        /// Work items of the project `plane`.
        Plane = "plane",
    }
}

/// Labels of issues, by the state of their tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StateLabels {
    /// A job waits or is at work.
    pub in_progress: String,
    /// The work is to be looked at.
    pub in_review: String,
    /// The last job failed.
    pub failed: String,
    /// It is done.
    pub done: String,
    /// It is no longer wanted.
    pub cancelled: String,
}

impl Default for StateLabels {
    fn default() -> Self {
        Self {
            in_progress: "agent-working".to_owned(),
            in_review: "agent-review".to_owned(),
            failed: "agent-failed".to_owned(),
            done: "agent-done".to_owned(),
            cancelled: String::new(),
        }
    }
}

impl StateLabels {
    /// The label of a state; none where it has none.
    pub fn of(&self, state: &str) -> Option<&str> {
        let label = match state {
            "in_progress" => &self.in_progress,
            "in_review" => &self.in_review,
            "failed" => &self.failed,
            "done" => &self.done,
            "cancelled" => &self.cancelled,
            _ => return None,
        };
        Some(label.as_str()).filter(|label| !label.is_empty())
    }
}

words! {
    /// Where jobs are done.
    pub enum JobExecution {
        /// On the worker's machine, as its user.
        Local = "local",
        /// In a container on it.
        Docker = "docker",
    }
}
words! {
    /// What becomes of a stack after its job.
    pub enum StackAfter {
        /// It is torn down.
        Teardown = "teardown",
        /// It stays.
        Keep = "keep",
    }
}
