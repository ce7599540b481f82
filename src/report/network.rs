//! Documents about what an agent listens on: `health`, `ports`, `open`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `harness health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `harness/health/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// Whether every check passed.
    pub healthy: bool,
    /// One row a process that is not disabled, by name.
    pub checks: Vec<HealthCheck>,
}

/// The readiness of one process, as probed now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HealthCheck {
    /// The process.
    pub process: String,
    /// How it was asked.
    pub kind: CheckKind,
    /// The URL or address that was asked.
    pub target: Option<String>,
    /// Whether it is healthy.
    pub healthy: bool,
    /// HTTP status.
    pub status: Option<u16>,
    /// The body of the answer, cut after 4 KiB.
    pub body: Option<String>,
    /// Milliseconds that the answer took.
    pub duration_ms: u64,
    /// Why it is not ready.
    pub error: Option<String>,
}

words! {
    /// How a process was asked.
    pub enum CheckKind {
        /// An HTTP request.
        Http = "http",
        /// A TCP connection.
        Tcp = "tcp",
        /// The supervisor's own state, where the process has another readiness probe or none.
        Supervisor = "supervisor",
    }
}

/// `harness ports`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ports {
    /// `harness/ports/1`.
    pub schema: String,
    /// By port.
    pub ports: Vec<PortRow>,
}

/// One port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortRow {
    /// The agent; `null` for a shared server.
    pub agent: Option<u8>,
    /// Its name in `[ports]`, or the shared server's.
    pub name: String,
    /// The port.
    pub port: u16,
    /// Whether a process listens on it.
    pub listening: bool,
    /// The process that listens, where it is known.
    pub pid: Option<u32>,
    /// That process's command line.
    pub command: Option<String>,
    /// Whether it belongs to the stack that the port belongs to; `null` when no process listens, or it is unknown.
    pub own: Option<bool>,
}

/// `harness open`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// `harness/open/1`.
    pub schema: String,
    /// The agent; `null` for the dashboard.
    pub agent: Option<u8>,
    /// The URL; the dashboard's works once, for two minutes.
    pub url: String,
    /// The program that was started with it; `null` where there is no browser.
    pub opened_with: Option<String>,
}
