//! `harness config check` and `harness config show`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StoreConfig;

/// Whether a project's configuration can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigCheck {
    /// `harness/config-check/1`.
    pub schema: String,
    /// The directory that was checked, absolute.
    pub root: String,
    /// Whether there are no problems.
    pub valid: bool,
    /// The problems, in the order of the file.
    pub problems: Vec<ConfigProblem>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigProblem {
    /// The file, absolute; null when it comes from elsewhere, such as the environment.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column, from 1.
    pub column: Option<usize>,
    /// The path of the key: `processes.api.command`; empty when it is about no key.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// How to solve it.
    pub hint: Option<String>,
}

/// The built-in templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigTemplates {
    /// `harness/config-templates/1`.
    pub schema: String,
    /// Each of them, or the one that was asked for.
    pub templates: Vec<BuiltInTemplate>,
}

/// A template that a file of the project can replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuiltInTemplate {
    /// `env` or `processes`.
    pub name: String,
    /// The key of `harness.toml` that names a file in its place.
    pub key: String,
    /// Its text.
    pub text: String,
}

/// A project's configuration after overlay and defaults. Values are templates as written; what looks
/// like a secret is masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigShow {
    /// `harness/config-show/1`.
    pub schema: String,
    /// The project's name.
    pub project: String,
    /// Its directory, absolute.
    pub root: String,
    /// The files that were read, the overlays last.
    pub files: Vec<String>,
    /// The highest agent id.
    pub max_agents: u8,
    /// Port bases by name: agent n gets base + 10 n.
    pub ports: BTreeMap<String, u16>,
    /// The shared servers.
    pub infra: InfraConfig,
    /// The databases.
    pub database: DatabaseConfig,
    /// The stores, in order.
    pub stores: Vec<StoreConfig>,
    /// The work trees; null where agents share the project's root.
    pub worktree: Option<WorktreeConfig>,
    /// What prepares a tree, in order.
    pub prepare: Vec<StepConfig>,
    /// Dotenv files below `[env]`.
    pub env_file: Vec<String>,
    /// Variables of the caller that reach the processes.
    pub pass_env: Vec<String>,
    /// `[env]`, in order.
    pub env: Vec<VariableConfig>,
    /// Rendered files by target, with the template that each is made of; null is a built-in one.
    pub rendered: BTreeMap<String, Option<String>>,
    /// How long processes may take to become healthy, in seconds.
    pub launch_timeout_seconds: f64,
    /// The processes, in order.
    pub processes: Vec<ProcessConfig>,
    /// The stages of verify, in order.
    pub verify: Vec<StageConfig>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// The shared servers as this project configures them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfraConfig {
    /// The engine as it is asked for.
    pub engine: EngineChoice,
    /// The name that `docker compose -p` knows them by.
    pub compose_project: String,
    /// A compose file with further services.
    pub compose: Option<String>,
    /// What a crash of the machine may cost.
    pub durability: Durability,
    /// Whether the browser of the docker engine asks for a token; `null` where the project has no wish.
    pub browser_token: Option<bool>,
    /// Host ports, each with who decided it.
    pub ports: Vec<InfraPortConfig>,
    /// `postgres`, `s3`, `browser`, `mail`.
    pub services: BTreeMap<String, ServiceConfig>,
}

words! {
    /// `engine`.
    pub enum EngineChoice {
        /// Docker if a daemon answers and has or can pull the images, otherwise native.
        Auto = "auto",
        /// Containers.
        Docker = "docker",
        /// Processes of this machine.
        Native = "native",
    }
}

words! {
    /// `durability`.
    pub enum Durability {
        /// `fsync` and `full_page_writes` are off. A killed server loses nothing; a crash of the machine may lose the cluster.
        Fast = "fast",
        /// PostgreSQL's own defaults.
        Safe = "safe",
    }
}

words! {
    /// `restart`.
    pub enum RestartPolicy {
        /// Never.
        No = "no",
        /// After a non-zero exit status or a signal.
        OnFailure = "on_failure",
        /// After every exit that was not requested.
        Always = "always",
    }
}

/// One host port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InfraPortConfig {
    /// `postgres`, `s3`, `s3 console`, `browser`, `smtp`, `mail web`.
    pub name: String,
    /// Its number.
    pub port: u16,
    /// The environment variable that changes it.
    pub variable: String,
    /// `environment`, the path of a file, or `default`.
    pub source: String,
}

/// One shared server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceConfig {
    /// Image of the docker engine, where it is not the built-in one.
    pub image: Option<String>,
    /// Memory limit of the docker engine, in bytes.
    pub memory_bytes: Option<u64>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// An external server, its credentials masked.
    pub url: Option<String>,
}

/// The databases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseConfig {
    /// Whether they are disabled.
    pub disabled: bool,
    /// Made by the admin before the first step.
    pub extensions: Vec<String>,
    /// Whether an agent may create databases.
    pub create: bool,
    /// Whether an agent may replicate.
    pub replication: bool,
    /// Roles that migrations expect.
    pub roles: Vec<String>,
    /// What builds the template, in order.
    pub steps: Vec<StepConfig>,
    /// Environment of those steps.
    pub env: Vec<VariableConfig>,
    /// What is run in each clone, in order.
    pub post_clone: Vec<StepConfig>,
}

/// A step of the template, of `post_clone` or of `[prepare]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepConfig {
    /// Its name; null in `post_clone`.
    pub name: Option<String>,
    /// A shell command.
    pub run: Option<String>,
    /// A file of SQL.
    pub sql: Option<String>,
    /// Globs of its input files.
    pub inputs: Vec<String>,
    /// Paths that must exist for it to be skipped.
    pub outputs: Vec<String>,
    /// Whether appended inputs are applied to the previous state.
    pub incremental: bool,
    /// Whether the server's administrator runs it.
    pub admin: bool,
    /// Where it runs, relative to the tree.
    pub working_dir: Option<String>,
    /// Its limit in seconds.
    pub timeout_seconds: f64,
}

/// The work trees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorktreeConfig {
    /// Path of one.
    pub path: String,
    /// Its branch.
    pub branch: String,
    /// Files copied from the project's root.
    pub copy: Vec<String>,
    /// Directories copied from the project's root.
    pub clone: Vec<String>,
    /// How many prepared work trees are kept ready.
    pub spare: u8,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VariableConfig {
    /// Its name.
    pub name: String,
    /// Its value as written; `***` where the name sounds like a secret.
    pub value: String,
}

/// A supervised program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessConfig {
    /// Its name.
    pub name: String,
    /// What runs.
    pub command: String,
    /// Where, relative to the tree.
    pub working_dir: Option<String>,
    /// `true`, `false`, or the template that decides.
    pub disabled: String,
    /// The port that it must listen on.
    pub port: Option<String>,
    /// What it waits for: condition by process.
    pub depends_on: BTreeMap<String, String>,
    /// How its readiness is found out: `http_get :8030/health`, `log line …`.
    pub ready: Option<String>,
    /// How its liveness is found out.
    pub alive: Option<String>,
    /// When it is restarted.
    pub restart: RestartPolicy,
    /// Environment of its own.
    pub environment: Vec<VariableConfig>,
}

/// A stage of verify.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageConfig {
    /// Its name.
    pub name: String,
    /// Whether it is only run with `--full`.
    pub full: bool,
    /// Whether it is skipped while the stack is down.
    pub needs_stack: bool,
    /// Its limit in seconds.
    pub timeout_seconds: f64,
    /// What is run, by name.
    pub commands: BTreeMap<String, String>,
}

#[allow(clippy::derivable_impls)] // `words!` derives the same traits for every enum
impl Default for Durability {
    fn default() -> Self {
        Self::Fast
    }
}
