//! `processes.toml`: the rendered process config, the supervisor's sole input.
//!
//! It is complete and evaluated: argument vectors, whole environments, absolute paths, numbers. The
//! supervisor reads nothing else, so that it needs no project and no template engine. Times are
//! seconds as floating-point numbers, as in process-compose.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::screen::Size;
use crate::system::loopback_map::PortMap;

/// Everything the supervisor of one stack does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackSpec {
    /// 1.
    pub version: u32,
    /// `agent-3` or `infra`.
    pub stack: String,
    /// The home's id, for the environment marker.
    pub home_id: String,
    /// Ports that programs name, and those that they get instead; empty where there is no loopback map.
    #[serde(default, skip_serializing_if = "PortMap::is_empty")]
    pub network_map: PortMap,
    /// Environment of every process. Complete: nothing of the supervisor's own is inherited.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Where the server of the stack's database is, `host:port`: a command without a network is connected to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// After so many seconds in which nobody uses the stack it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<f64>,
    /// The processes, by name. Started in an order that their dependencies allow.
    #[serde(default)]
    pub processes: BTreeMap<String, ProcessSpec>,
}

/// One program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessSpec {
    /// Program and arguments; the program is looked up on the environment's PATH.
    pub command: Vec<String>,
    /// Absolute.
    pub working_dir: PathBuf,
    /// On top of the stack's.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Known, but started only when asked for by name.
    #[serde(default)]
    pub disabled: bool,
    /// By name of the dependency.
    #[serde(default)]
    pub depends_on: BTreeMap<String, DependencySpec>,
    /// When it counts as ready; without any sign of readiness it is ready once running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<ProbeSpec>,
    /// Restarts it when it fails after having been ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<ProbeSpec>,
    /// A regular expression; a line that matches makes it ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_log_line: Option<String>,
    /// A regular expression whose first group counts errors; non-zero shows as `healthy with errors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_log_line: Option<String>,
    /// Ports it must listen on; checked free before a start and after a stop.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// When it is started again.
    #[serde(default)]
    pub restart: RestartSpec,
    /// Failed starts in a row before it is given up; 0 is never.
    #[serde(default)]
    pub max_restarts: u32,
    /// How it is stopped.
    #[serde(default)]
    pub shutdown: StopSpec,
    /// Restarts it when files change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchSpec>,
    /// What its standard input is.
    #[serde(default, skip_serializing_if = "StdinSpec::is_closed")]
    pub stdin: StdinSpec,
    /// Whether its standard input, output and error are a terminal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tty: bool,
    /// Another user to run as, when the supervisor is root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<RunAs>,
    /// That it is a session; never in `processes.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionSpec>,
}

impl ProcessSpec {
    /// A program that is started again whenever it ends, with everything else as a config leaves it.
    pub fn kept_running(command: Vec<String>, working_dir: PathBuf) -> Self {
        Self {
            command,
            working_dir,
            environment: BTreeMap::new(),
            disabled: false,
            depends_on: BTreeMap::new(),
            readiness_probe: None,
            liveness_probe: None,
            ready_log_line: None,
            error_log_line: None,
            ports: Vec::new(),
            restart: RestartSpec::Always,
            max_restarts: 0,
            shutdown: StopSpec::default(),
            watch: None,
            stdin: StdinSpec::default(),
            tty: false,
            run_as: None,
            session: None,
        }
    }

    /// A program on a terminal that a command adds to a running stack. It is started by name alone, once.
    pub fn session(command: Vec<String>, working_dir: PathBuf, session: SessionSpec) -> Self {
        let restart = RestartSpec::No;
        let kept = Self::kept_running(command, working_dir);
        Self { disabled: true, tty: true, restart, session: Some(session), ..kept }
    }
}

/// What a session has beside a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSpec {
    /// Tells this start from any other one with the same name, since a request may be asked twice.
    pub token: String,
    /// Of its terminal at first.
    pub size: Size,
    /// Variables of its environment whose values its log and its screen do not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// What the standard input of a process is, where it has no terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StdinSpec {
    /// `/dev/null`: at its end at once.
    #[default]
    Closed,
    /// A pipe to which nothing is written and which does not end, for tools that end when their input does.
    Open,
}

impl StdinSpec {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde wants a reference
    fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

/// A user to run as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id; supplementary groups are dropped.
    pub gid: u32,
}

/// `restart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartSpec {
    /// Never.
    No,
    /// After a non-zero exit status or a signal.
    #[default]
    OnFailure,
    /// After every exit that was not asked for.
    Always,
}

/// `shutdown`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopSpec {
    /// Sent first: `SIGTERM`.
    pub signal: String,
    /// Then SIGKILL to what is left.
    pub timeout_seconds: f64,
}

impl Default for StopSpec {
    fn default() -> Self {
        Self { signal: "SIGTERM".to_owned(), timeout_seconds: 10.0 }
    }
}

/// One entry of `depends_on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DependencySpec {
    /// What must hold before the dependant starts.
    pub condition: ConditionSpec,
    /// Restart the dependant when the dependency comes back after a crash.
    #[serde(default)]
    pub restart: bool,
}

/// A dependency's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionSpec {
    /// It was started.
    ProcessStarted,
    /// Its readiness probe passes.
    ProcessHealthy,
    /// Its `ready_log_line` was seen.
    ProcessLogReady,
    /// It exited with status 0.
    ProcessCompletedSuccessfully,
}

/// A probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeSpec {
    /// How it asks.
    #[serde(flatten)]
    pub check: ProbeCheckSpec,
    /// Before the first attempt.
    pub initial_delay_seconds: f64,
    /// Between attempts.
    pub period_seconds: f64,
    /// For one attempt.
    pub timeout_seconds: f64,
    /// Passes in a row that make it ready.
    pub success_threshold: u32,
    /// Failures in a row that make it not ready.
    pub failure_threshold: u32,
}

/// How a probe asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeCheckSpec {
    /// A status of 200..=399 passes.
    HttpGet {
        /// Both loopback addresses when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// Port.
        port: u16,
        /// Path with query.
        path: String,
    },
    /// Accepting a connection passes.
    TcpConnect {
        /// Both loopback addresses when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// Port.
        port: u16,
    },
    /// An answer that begins as one of these passes: the server speaks its protocol, whatever it says.
    Exchange {
        /// Port on 127.0.0.1.
        port: u16,
        /// Bytes that are sent first.
        send: Vec<u8>,
        /// Beginnings of an answer.
        expect: Vec<String>,
    },
    /// Exit status 0 passes.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
}

/// `watch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSpec {
    /// Absolute paths.
    pub paths: Vec<PathBuf>,
    /// Globs that do not count.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// How long files must be quiet.
    pub debounce_seconds: f64,
}
