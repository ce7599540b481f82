//! `[database]`: what a template is built from.

use std::path::PathBuf;
use std::time::Duration;

use super::template::Template;

/// `[database]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DatabaseSettings {
    /// `disabled = true`: this project needs no database.
    pub disabled: bool,
    /// `extensions`, made by the admin before the first step.
    pub extensions: Vec<String>,
    /// `create`: gives the agent CREATEDB.
    pub create: bool,
    /// `replication`: gives the agent REPLICATION.
    pub replication: bool,
    /// `roles`: cluster-wide roles that migrations expect.
    pub roles: Vec<String>,
    /// `spares`: how many clones are kept ready.
    pub spares: u8,
    /// `on_replace = "restart"`: processes are restarted when their database is replaced.
    pub restart_on_replace: bool,
    /// `[database.template] steps`.
    pub steps: Vec<TemplateStep>,
    /// `[database.template.env]`.
    pub env: Vec<(String, Template)>,
    /// `post_clone`: commands run in each clone.
    pub post_clone: Vec<PostClone>,
}

/// One step of `[database.template]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateStep {
    /// Its name, unique among the steps.
    pub name: String,
    /// What it does.
    pub action: StepAction,
    /// Globs of files that decide whether it must run again, relative to the tree.
    pub inputs: Vec<String>,
    /// Appended inputs may be applied to the former state.
    pub incremental: bool,
    /// The server's administrator runs it.
    pub admin: bool,
    /// Directory to run in, relative to the tree.
    pub working_dir: Option<PathBuf>,
    /// `timeout`, 10 minutes by default.
    pub timeout: Duration,
}

/// What a template step or a `post_clone` entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// A shell command.
    Run(String),
    /// A file of SQL, relative to the tree; it is an input by itself.
    Sql(PathBuf),
}

/// One entry of `post_clone`.
#[derive(Debug, Clone, PartialEq)]
pub struct PostClone {
    /// What it does; `Run` may hold `{{ … }}`.
    pub action: StepAction,
    /// Directory to run in, relative to the tree.
    pub working_dir: Option<PathBuf>,
    /// `timeout`, 10 minutes by default.
    pub timeout: Duration,
}
