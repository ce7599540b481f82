//! `[processes]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationValue, Flag, Ordered, PortValue, Scalar};

/// A supervised program.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Process {
    /// What runs, a template; through `sh` where it holds shell syntax.
    pub(crate) command: String,
    /// Directory to run in, a template, relative to the tree.
    pub(crate) working_dir: Option<String>,
    /// Environment on top of `[env]`; values are templates.
    #[serde(default)]
    pub(crate) environment: Ordered<Scalar>,
    /// True: started only by `launch --with <name>` or `start`. May be a template that renders to `true` or `false`.
    pub(crate) disabled: Option<Flag>,
    /// What must hold before it starts: names, which then must have been started, or a table of conditions.
    pub(crate) depends_on: Option<DependsOn>,
    /// When it is ready.
    pub(crate) readiness_probe: Option<ReadinessProbe>,
    /// Restarts it when it fails after the process has been ready.
    pub(crate) liveness_probe: Option<LivenessProbe>,
    /// A regular expression; the first line of output that matches makes it ready.
    pub(crate) ready_log_line: Option<String>,
    /// A regular expression whose first group counts errors, for watchers: `Found (\d+) errors`.
    pub(crate) error_log_line: Option<String>,
    /// The port that it must listen on. Default: the readiness probe's, else the one of `[ports]` with the process's
    /// name.
    pub(crate) port: Option<PortValue>,
    /// When it is started again by itself.
    pub(crate) restart: Option<Restart>,
    /// Failed starts in a row before it is given up; 0 is never. 5 unless given.
    pub(crate) max_restarts: Option<u32>,
    /// How it is stopped.
    #[serde(default)]
    pub(crate) shutdown: Shutdown,
    /// Restarts it when files change.
    pub(crate) watch: Option<Watch>,
    /// Its standard input. Some tools end when it does: bundlers with `--watch`.
    pub(crate) stdin: Option<Stdin>,
    /// True: it runs on a terminal, for tools that behave differently there. Its output goes to the log as ever.
    #[serde(default)]
    pub(crate) tty: bool,
}

/// The standard input of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Stdin {
    /// At its end at once. The default.
    Closed,
    /// Never at its end, and empty.
    Open,
}

/// When a process is started again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Restart {
    /// Never.
    No,
    /// After a non-zero exit status or a signal. The default.
    OnFailure,
    /// After every exit that was not asked for.
    Always,
}

/// Names of processes, or a table of conditions by name.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum DependsOn {
    Names(Vec<String>),
    Conditions(Ordered<Dependency>),
}

/// What must hold of another process.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dependency {
    /// What must hold; `process_started` unless given.
    pub(crate) condition: Option<Condition>,
    /// True: start this process again when the other comes back after a crash.
    #[serde(default)]
    pub(crate) restart: bool,
}

/// What must hold of another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[allow(clippy::enum_variant_names)] // the words of process-compose
pub(crate) enum Condition {
    /// It was started.
    ProcessStarted,
    /// Its readiness probe passes.
    ProcessHealthy,
    /// Its `ready_log_line` was seen.
    ProcessLogReady,
    /// It exited with status 0.
    ProcessCompletedSuccessfully,
}

/// How a process is stopped.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Shutdown {
    /// Sent first; default `SIGTERM`.
    pub(crate) signal: Option<String>,
    /// Then SIGKILL to all that is left of its tree; default 10.
    #[schemars(range(min = 0))]
    pub(crate) timeout_seconds: Option<f64>,
}

/// When a process is ready: exactly one of `http_get`, `tcp_connect`, `exec`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct ReadinessProbe {
    /// Asks for a page; a status of 200 to 399 passes.
    pub(crate) http_get: Option<HttpGet>,
    /// Opens a connection; being accepted passes.
    pub(crate) tcp_connect: Option<TcpConnect>,
    /// Runs a command; exit status 0 passes.
    pub(crate) exec: Option<Exec>,
    /// Before the first attempt; default 0.
    #[schemars(range(min = 0))]
    pub(crate) initial_delay_seconds: Option<f64>,
    /// Between attempts; default 0.5.
    #[schemars(range(min = 0.01))]
    pub(crate) period_seconds: Option<f64>,
    /// For one attempt; default 5.
    #[schemars(range(min = 0.01))]
    pub(crate) timeout_seconds: Option<f64>,
    /// Passes in a row that make it ready; default 1.
    #[schemars(range(min = 1))]
    pub(crate) success_threshold: Option<u32>,
    /// Failures in a row after which a start takes too long; default 120. Once ready, three make it unhealthy, or fewer if this is less.
    #[schemars(range(min = 1))]
    pub(crate) failure_threshold: Option<u32>,
}

/// When a process is alive: exactly one of `http_get`, `tcp_connect`, `exec`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct LivenessProbe {
    /// Asks for a page; a status of 200 to 399 passes.
    pub(crate) http_get: Option<HttpGet>,
    /// Opens a connection; being accepted passes.
    pub(crate) tcp_connect: Option<TcpConnect>,
    /// Runs a command; exit status 0 passes.
    pub(crate) exec: Option<Exec>,
    /// Before the first attempt; default 0.
    #[schemars(range(min = 0))]
    pub(crate) initial_delay_seconds: Option<f64>,
    /// Between attempts; default 10.
    #[schemars(range(min = 0.01))]
    pub(crate) period_seconds: Option<f64>,
    /// For one attempt; default 5.
    #[schemars(range(min = 0.01))]
    pub(crate) timeout_seconds: Option<f64>,
    /// Passes in a row that make it healthy again; default 1.
    #[schemars(range(min = 1))]
    pub(crate) success_threshold: Option<u32>,
    /// Failures in a row after which it is restarted; default 3.
    #[schemars(range(min = 1))]
    pub(crate) failure_threshold: Option<u32>,
}

/// A GET over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpGet {
    /// A template; both loopback addresses, IPv4 and IPv6, unless given.
    pub(crate) host: Option<String>,
    /// A port, or a template such as `"{{ ports.api }}"`; default: the process's.
    pub(crate) port: Option<PortValue>,
    /// Path and query, a template; default `/`.
    pub(crate) path: Option<String>,
}

/// A TCP connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TcpConnect {
    /// A template; both loopback addresses, IPv4 and IPv6, unless given.
    pub(crate) host: Option<String>,
    /// A port, or a template such as `"{{ ports.api }}"`; default: the process's.
    pub(crate) port: Option<PortValue>,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exec {
    /// A template; runs in the process's working directory with its environment.
    pub(crate) command: String,
}

/// Restarts a process when files change.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Watch {
    /// Files, directories and globs, relative to the working directory.
    pub(crate) paths: Vec<String>,
    /// Globs that do not count, relative to the working directory.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    /// How long files must be quiet; `"200ms"` unless given.
    pub(crate) debounce: Option<DurationValue>,
}
