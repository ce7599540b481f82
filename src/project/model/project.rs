//! The project as a whole, and its smaller tables.

use std::path::PathBuf;
use std::time::Duration;

use super::database::DatabaseSettings;
use super::infra::InfraSettings;
use super::process::Process;
use super::store::Store;
use super::template::Template;
use super::verify::VerifyStage;

/// A loaded `harness.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The directory that holds `harness.toml`, absolute.
    pub root: PathBuf,
    /// `[project] name`: lower-case letters, digits, `-`, `_`.
    pub name: String,
    /// `[project] max_agents`: ids run from 1 to this, 99 at most and by default.
    pub max_agents: u8,
    /// `[ports]`: base by name; agent n gets base + 10 n. In file order.
    pub ports: Vec<(String, u16)>,
    /// `[network] map`: a port as programs name it, and the one that they get, a template. In file order.
    pub network_map: Vec<(u16, Template)>,
    /// `[infra]`.
    pub infra: InfraSettings,
    /// `[database]`.
    pub database: DatabaseSettings,
    /// `[bucket] seed`: what each agent's bucket begins with.
    pub bucket_seed: Option<BucketSeed>,
    /// `[stores]` in file order. The server of each is among the processes.
    pub stores: Vec<(String, Store)>,
    /// `[worktree]`; its presence gives each agent a work tree of its own.
    pub worktree: Option<WorktreeSettings>,
    /// `[prepare] steps`.
    pub prepare: Vec<PrepareStep>,
    /// `[env]` in file order, without the reserved keys.
    pub env: Vec<(String, Template)>,
    /// `[env] env_file`: dotenv files layered underneath, relative to the agent's tree.
    pub env_files: Vec<PathBuf>,
    /// `[env] pass_env`: variables of the caller that reach the processes.
    pub pass_env: Vec<String>,
    /// `[render]`.
    pub render: RenderSettings,
    /// `[launch]`.
    pub launch: LaunchSettings,
    /// `[processes]` in file order.
    pub processes: Vec<(String, Process)>,
    /// `[[verify.stages]]` in file order.
    pub verify: Vec<VerifyStage>,
    /// The files that it was read from, the overlays last.
    pub files: Vec<PathBuf>,
    /// What a person should know although nothing is wrong: one line each.
    pub warnings: Vec<String>,
}

/// `[bucket] seed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BucketSeed {
    /// The files of a directory, relative to the tree.
    Directory(PathBuf),
    /// A shell command with the agent's environment.
    Run(Template),
}

/// `[worktree]`.
#[derive(Debug, Clone, PartialEq)]
pub struct WorktreeSettings {
    /// `path`, a template.
    pub path: Template,
    /// `branch`, a template; default `agent/{{ id }}`.
    pub branch: Template,
    /// `copy`: files taken from the project's root.
    pub copy: Vec<String>,
    /// `clone`: directories taken copy-on-write where the file system can.
    pub clone: Vec<String>,
    /// `spare`: how many prepared work trees are kept ready.
    pub spare: u8,
}

/// One step of `[prepare]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PrepareStep {
    /// Its name, unique among the steps.
    pub name: String,
    /// A shell command, a template.
    pub run: Template,
    /// Globs of files that decide whether it must run again.
    pub inputs: Vec<String>,
    /// Paths that must exist for it to be skipped.
    pub outputs: Vec<String>,
    /// Directory to run in, relative to the tree.
    pub working_dir: Option<PathBuf>,
    /// `timeout`, 30 minutes by default.
    pub timeout: Duration,
}

/// `[render]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderSettings {
    /// `env_file`: where the env file goes, relative to the tree; default `.env.agent.{{ id }}`.
    pub env_file: Template,
    /// `env_template`: a project's own template for it, relative to the agent's tree.
    pub env_template: Option<PathBuf>,
    /// `processes_template`: a project's own template for `processes.toml`.
    pub processes_template: Option<PathBuf>,
    /// `files`: further files as (template, target), the target relative to the tree.
    pub files: Vec<(PathBuf, Template)>,
}

/// `[launch]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchSettings {
    /// How long processes may take to become healthy; 60 s.
    pub timeout: Duration,
    /// Memory that launches leave free, in bytes; `None` is a twentieth of the machine's.
    pub memory_reserve: Option<u64>,
    /// After how long without use the stack is parked; `None` is never.
    pub idle: Option<Duration>,
}
