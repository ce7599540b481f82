//! The file as a whole, and its smaller tables.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Database, DurationValue, Infra, MemoryValue, Ordered, PortValue, Process, Scalar, Stage, Stores};

/// What harness needs to know of an application to give each agent a running copy of it.
///
/// Values marked as templates may use `{{ id }}`, `{{ project }}`, `{{ ports.<name> }}`, `{{ database.url }}`,
/// `{{ s3.endpoint }}`, `{{ mail.smtp_port }}`, `{{ browser.ws_url }}`, `{{ stores.<name>.url }}`,
/// `{{ worktree }}`, `{{ project_root }}`,
/// `{{ home }}` and `{{ env.<NAME> }}`; an undefined name is an error.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "harness.toml")]
pub(crate) struct File {
    /// The project itself.
    pub(crate) project: ProjectTable,
    /// Port bases by name: agent n gets base + 10 n. Without this table: `frontend = 3000`, `api = 8000`,
    /// `scheduler = 8001`, `debugger = 9200`.
    pub(crate) ports: Option<Ordered<u16>>,
    /// What ports that are written in the application's source mean for each agent.
    #[serde(default)]
    pub(crate) network: Network,
    /// The servers that all agents of this machine share.
    #[serde(default)]
    pub(crate) infra: Infra,
    /// The agents' databases, and the template that they are cloned from.
    #[serde(default)]
    pub(crate) database: Database,
    /// The agents' buckets.
    #[serde(default)]
    pub(crate) bucket: Bucket,
    /// Further servers that each agent gets its own copy of, by name: Redis, MySQL, MariaDB, MongoDB, files of SQLite, or any
    /// program that keeps its data in a directory.
    #[serde(default)]
    pub(crate) stores: Stores,
    /// Gives each agent a git work tree of its own.
    pub(crate) worktree: Option<Worktree>,
    /// What makes a fresh tree ready to run.
    #[serde(default)]
    pub(crate) prepare: Prepare,
    /// The environment: written to `.env.agent.<id>` and given to every process. Values are templates; later
    /// ones may use `{{ env.NAME }}` of earlier ones.
    #[serde(default)]
    pub(crate) env: Env,
    /// Files that are rendered for each agent.
    #[serde(default)]
    pub(crate) render: Render,
    /// How `harness launch` behaves.
    #[serde(default)]
    pub(crate) launch: Launch,
    /// The programs of an agent's stack, by name.
    #[serde(default)]
    pub(crate) processes: Ordered<Process>,
    /// What `harness verify` runs.
    #[serde(default)]
    pub(crate) verify: Verify,
}

/// The project itself.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct ProjectTable {
    /// Its name: lower-case letters, digits, `-` and `_`.
    pub(crate) name: String,
    /// The highest agent id; 99 unless given. Fewer agents allow port bases that are closer together.
    #[schemars(range(min = 1, max = 99))]
    pub(crate) max_agents: Option<u8>,
}

/// What ports that are written in the application's source mean for each agent.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Network {
    /// The loopback map: `{ 3000 = "{{ ports.web }}", 5432 = "{{ database.port }}" }`. Where a program of the stack
    /// binds one of these ports, or connects to it on loopback, it gets the other one. Values are templates.
    #[serde(default)]
    pub(crate) map: Ordered<PortValue>,
}

/// The agents' buckets.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Bucket {
    /// What each agent's bucket begins with: a directory of the tree, or a command with the agent's environment.
    pub(crate) seed: Option<BucketSeed>,
}

/// A directory whose files are uploaded, or a table.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum BucketSeed {
    Directory(PathBuf),
    Command(BucketCommand),
}

/// What fills a bucket.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct BucketCommand {
    /// A shell command, a template.
    pub(crate) run: String,
}

/// Gives each agent a git work tree of its own.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Worktree {
    /// Where it goes, a template; default `~/worktrees/{{ project }}-agent-{{ id }}`. A relative path starts at
    /// the project's root.
    pub(crate) path: Option<String>,
    /// Its branch, a template; default `agent/{{ id }}`.
    pub(crate) branch: Option<String>,
    /// Files that git does not track, copied from the project's root: `[".env.local"]`.
    #[serde(default)]
    pub(crate) copy: Vec<String>,
    /// Directories that git does not track, copied from the project's root, copy-on-write where the file system
    /// can: `["node_modules"]`.
    #[serde(default)]
    pub(crate) clone: Vec<String>,
    /// How many prepared work trees are kept ready for agents to come; 0 unless given.
    #[schemars(range(max = 9))]
    pub(crate) spare: Option<u8>,
}

/// What makes a fresh tree ready to run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Prepare {
    /// Run in order in the agent's tree before its processes start.
    #[serde(default)]
    pub(crate) steps: Vec<PrepareStep>,
}

/// A command that is skipped while its inputs are unchanged and its outputs exist.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrepareStep {
    /// Its name, unique among the steps.
    pub(crate) name: String,
    /// A shell command, a template.
    pub(crate) run: String,
    /// Globs of the files that decide whether it must run again: `["pnpm-lock.yaml"]`.
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    /// Paths that must exist for it to be skipped: `["node_modules"]`.
    #[serde(default)]
    pub(crate) outputs: Vec<String>,
    /// Directory to run in, relative to the tree.
    pub(crate) working_dir: Option<PathBuf>,
    /// `"30m"` unless given.
    pub(crate) timeout: Option<DurationValue>,
}

/// The environment: two reserved keys, all others are variables.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
#[allow(clippy::struct_field_names)] // the keys of the file
pub(crate) struct Env {
    /// Dotenv files that are layered underneath, later ones over earlier ones, relative to the agent's tree.
    #[serde(default)]
    pub(crate) env_file: Vec<PathBuf>,
    /// Variables of the caller that reach the processes. All others do not, but for PATH, HOME, USER, SHELL, LANG,
    /// `LC_*`, TZ, TERM, `SSH_AUTH_SOCK` and `XDG_*`.
    #[serde(default)]
    pub(crate) pass_env: Vec<String>,
    /// A variable; its value is a template.
    #[serde(flatten)]
    pub(crate) variables: Ordered<Scalar>,
}

/// Files that are rendered for each agent.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Render {
    /// Where the env file goes, a template, relative to the agent's tree; default `.env.agent.{{ id }}`.
    pub(crate) env_file: Option<String>,
    /// A template of the project's own for the env file, relative to the agent's tree.
    pub(crate) env_template: Option<PathBuf>,
    /// A template of the project's own for the process config, relative to the agent's tree.
    pub(crate) processes_template: Option<PathBuf>,
    /// Further files.
    #[serde(default)]
    pub(crate) files: Vec<RenderedFile>,
}

/// A file that is rendered for each agent and kept out of git.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenderedFile {
    /// The template's file, relative to the agent's tree.
    pub(crate) template: PathBuf,
    /// Where the result goes, a template, relative to the agent's tree.
    pub(crate) target: String,
}

/// How `harness launch` behaves.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Launch {
    /// How long the processes may take to become healthy; `"60s"` unless given.
    pub(crate) timeout: Option<DurationValue>,
    /// After so long without use the stack is parked, as `harness park` does; never unless given.
    pub(crate) idle: Option<DurationValue>,
    /// Memory that launches leave free on this machine; a twentieth of it unless given.
    pub(crate) memory_reserve: Option<MemoryValue>,
}

/// What `harness verify` runs.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Verify {
    /// Run in order; the first that fails ends the run.
    #[serde(default)]
    pub(crate) stages: Vec<Stage>,
    /// Ports of loopback on which commands may talk to servers that are not the agent's: `[9229, "32768-60999"]`.
    #[serde(default)]
    pub(crate) allow_ports: Vec<Scalar>,
    /// False: the servers that commands talk to are not watched. Without root, `sudo` works in commands only then.
    pub(crate) watch_network: Option<bool>,
}
