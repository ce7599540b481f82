//! The resolved project.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Text that may hold `{{ … }}`, evaluated by `render` for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template(pub String);

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
    /// `[infra]`.
    pub infra: InfraSettings,
    /// `[database]`.
    pub database: DatabaseSettings,
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
}

/// `[infra]`.
#[derive(Debug, Clone, PartialEq)]
pub struct InfraSettings {
    /// `engine`: what the user wishes.
    pub engine: EngineChoice,
    /// `compose_project`, default `agent-infra`.
    pub compose_project: String,
    /// `[infra.postgres]`.
    pub postgres: PostgresSettings,
    /// `[infra.s3]`.
    pub s3: ServiceSettings,
    /// `[infra.browser]`.
    pub browser: ServiceSettings,
    /// `[infra.mail]`.
    pub mail: ServiceSettings,
    /// Host ports after environment, `.env.agent-harness`, `harness.toml` and defaults.
    pub ports: InfraPorts,
}

/// `engine = "auto" | "docker" | "native"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineChoice {
    /// Docker if a daemon answers and the images can be had, else native.
    Auto,
    /// Containers.
    Docker,
    /// Processes of this machine.
    Native,
}

/// Host ports of the infra.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfraPorts {
    /// `AGENT_DB_PORT`, 15432.
    pub postgres: u16,
    /// `AGENT_MINIO_PORT`, 19000.
    pub s3: u16,
    /// `AGENT_MINIO_CONSOLE_PORT`, 19001.
    pub s3_console: u16,
    /// `AGENT_BROWSER_PORT`, 13001.
    pub browser: u16,
    /// `AGENT_MAILPIT_SMTP_PORT`, 11025.
    pub smtp: u16,
    /// `AGENT_MAILPIT_WEB_PORT`, 18025.
    pub mail_web: u16,
}

/// One shared service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSettings {
    /// `image` of the docker engine.
    pub image: Option<String>,
    /// `memory` limit of the docker engine, in bytes.
    pub memory: Option<u64>,
    /// `disabled = true`: not started, its variables are absent from the context.
    pub disabled: bool,
    /// `url` of an external server.
    pub url: Option<String>,
}

/// `[infra.postgres]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostgresSettings {
    /// What every service has.
    pub service: ServiceSettings,
    /// `bin_dir`: where the native engine finds `postgres` and `initdb`.
    pub bin_dir: Option<PathBuf>,
    /// `durability`.
    pub durability: Durability,
    /// `settings`: further server settings, by name.
    pub settings: BTreeMap<String, String>,
}

/// `durability = "fast" | "safe"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// `fsync`, `synchronous_commit` and `full_page_writes` off: everything can be rebuilt.
    #[default]
    Fast,
    /// PostgreSQL's own defaults.
    Safe,
}

/// `[database]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DatabaseSettings {
    /// `disabled = true`: this project needs no database.
    pub disabled: bool,
    /// `extensions`, made by the admin before the first step.
    pub extensions: Vec<String>,
    /// `create`: gives the agent CREATEDB.
    pub create: bool,
    /// `roles`: cluster-wide roles that migrations expect.
    pub roles: Vec<String>,
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
    /// `timeout`, 10 minutes by default.
    pub timeout: Duration,
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
    /// `env_template`: a project's own template for it, relative to the project's root.
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
}

/// One supervised program.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// `command`.
    pub command: Template,
    /// `working_dir`, relative to the tree.
    pub working_dir: Option<Template>,
    /// `[processes.x.environment]`.
    pub environment: Vec<(String, Template)>,
    /// `disabled`: a boolean, or a template that renders to one.
    pub disabled: Template,
    /// `depends_on`, in file order.
    pub depends_on: Vec<(String, Condition)>,
    /// `readiness_probe`.
    pub readiness_probe: Option<Probe>,
    /// `liveness_probe`.
    pub liveness_probe: Option<Probe>,
    /// `ready_log_line`: a regular expression.
    pub ready_log_line: Option<String>,
    /// `error_log_line`: a regular expression whose first group counts errors (`Found (\d+) errors`).
    pub error_log_line: Option<String>,
    /// `port`: what it must listen on, for `status` and `port_not_bound`; default: the readiness probe's,
    /// else the port of `[ports]` that has the process's name.
    pub port: Option<Template>,
    /// `restart`.
    pub restart: RestartPolicy,
    /// `max_restarts` in a row without getting healthy; 0 is without limit.
    pub max_restarts: u32,
    /// `shutdown.signal`, by name (`SIGTERM`).
    pub stop_signal: String,
    /// `shutdown.timeout_seconds`.
    pub stop_timeout: Duration,
    /// `watch`.
    pub watch: Option<Watch>,
}

/// `depends_on.<name>.condition`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `process_started`.
    Started,
    /// `process_healthy`.
    Healthy,
    /// `process_log_ready`.
    LogReady,
    /// `process_completed_successfully`.
    CompletedSuccessfully,
}

/// `restart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// `no`.
    No,
    /// `on_failure`, the default.
    OnFailure,
    /// `always`.
    Always,
}

/// `readiness_probe`, `liveness_probe`.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// How it asks.
    pub check: ProbeCheck,
    /// `initial_delay_seconds`.
    pub initial_delay: Duration,
    /// `period_seconds`.
    pub period: Duration,
    /// `timeout_seconds`.
    pub timeout: Duration,
    /// `success_threshold`.
    pub success_threshold: u32,
    /// `failure_threshold`.
    pub failure_threshold: u32,
}

/// How a probe asks.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeCheck {
    /// `http_get`: a status of 200..=399 passes.
    Http {
        /// `host`; both loopback addresses when absent.
        host: Option<Template>,
        /// `port`.
        port: Template,
        /// `path`, default `/`.
        path: Template,
    },
    /// `tcp`: accepting a connection passes.
    Tcp {
        /// `host`; both loopback addresses when absent.
        host: Option<Template>,
        /// `port`.
        port: Template,
    },
    /// `exec.command`: exit status 0 passes.
    Exec(Template),
}

/// `watch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Paths below the working directory.
    pub paths: Vec<String>,
    /// Globs that do not count.
    pub ignore: Vec<String>,
    /// `debounce`, 200 ms by default.
    pub debounce: Duration,
}

/// One of `[[verify.stages]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyStage {
    /// Its name, unique among the stages.
    pub name: String,
    /// Only with `--full`.
    pub full: bool,
    /// For the whole stage; 10 minutes by default.
    pub timeout: Duration,
    /// Run together.
    pub commands: Vec<VerifyCommand>,
}

/// One command of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyCommand {
    /// Its name, unique in the stage.
    pub name: String,
    /// What it does.
    pub check: VerifyCheck,
    /// Directory to run in, relative to the tree.
    pub working_dir: Option<PathBuf>,
    /// Further environment.
    pub environment: Vec<(String, Template)>,
    /// A project's own diagnostic pattern: a regular expression with groups `file`, `line`, `message`.
    pub error_pattern: Option<String>,
}

/// What a command of a stage does.
#[derive(Debug, Clone, PartialEq)]
pub enum VerifyCheck {
    /// A shell command.
    Run(Template),
    /// A GET that must answer 200..=399.
    Http {
        /// `host`, loopback when absent.
        host: Option<Template>,
        /// `port`.
        port: Template,
        /// `path`.
        path: Template,
    },
}
