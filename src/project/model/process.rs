//! `[processes]`: what is supervised.

use std::time::Duration;

use super::template::Template;
pub use crate::report::RestartPolicy;

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
    pub depends_on: Vec<Dependency>,
    /// `readiness_probe`.
    pub readiness_probe: Option<Probe>,
    /// `liveness_probe`.
    pub liveness_probe: Option<Probe>,
    /// `ready_log_line`: a regular expression.
    pub ready_log_line: Option<String>,
    /// `error_log_line`: a regular expression whose first group counts errors (`Found (\d+) errors`).
    pub error_log_line: Option<String>,
    /// `port`: what it must listen on, for `status` and `port_not_bound`. Where the file says nothing it is
    /// the readiness probe's (on this machine), else the port of `[ports]` that has the process's name.
    pub port: Option<Template>,
    /// Whether the port is the one that the readiness probe names.
    pub port_is_probes: bool,
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
    /// `stdin`.
    pub stdin: Stdin,
    /// `tty`: whether it runs on a terminal.
    pub tty: bool,
}

/// `stdin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// `closed`, the default.
    Closed,
    /// `open`.
    Open,
}

/// One entry of `depends_on`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The process that is waited for.
    pub process: String,
    /// What must hold of it.
    pub condition: Condition,
    /// `restart`: start the dependant again when the dependency comes back after a crash.
    pub restart: bool,
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
    /// An answer that begins as expected passes; for the servers of stores.
    Exchange {
        /// On 127.0.0.1.
        port: Template,
        /// What is sent first.
        send: &'static str,
        /// The beginning of an answer.
        expect: &'static str,
    },
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
