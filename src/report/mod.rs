//! What verbs return and how work in progress is told: the versioned JSON documents, failures with
//! their exit codes, and the event sink.
//!
//! Documents are types of their own: no domain type is serialised straight to a user, so that the
//! inside can change without breaking a script. Every document names itself in `schema`
//! (`harness/<verb>/1`).
//!
//! Invariant: nothing here holds a secret.

mod agent;
mod config;
mod database;
mod doctor;
mod events;
mod failure;
mod infra;
mod launch;
mod logs;
mod man;
mod network;
mod process;
mod schemas;
mod setup;
mod stats;
mod status;
mod teardown;
pub mod verify;
mod wait;

pub use agent::{Control, Environment, Urls};
pub use config::{
    ConfigCheck, ConfigProblem, ConfigShow, DatabaseConfig, InfraConfig, InfraPortConfig, ProcessConfig, ServiceConfig,
    StageConfig, StepConfig, VariableConfig, WorktreeConfig,
};
pub use database::{DatabaseReport, QueryResult, SlowQueries, SlowQueryRow, SnapshotRow};
pub use doctor::{CollectedAgent, Doctor, Finding, Gc, Level};
pub use events::{Event, Events, Sink, Task, TaskId};
pub use failure::{Diagnostic, ErrorDocument, Failure, Kind};
pub use infra::{InfraCompose, InfraPs, InfraPull};
pub use launch::{Launch, LaunchOutcome, LaunchedAgent, StepTime, TemplateUse};
pub use logs::LoggedLine;
pub use man::ManPages;
pub use network::{Health, HealthCheck, Opened, PortRow, Ports};
pub use process::{Exit, ProcessRow};
pub use schemas::{Failed, schemas};
pub use setup::Setup;
pub use stats::{ProcessStats, StackStats, Stats, Usage};
pub use status::{AgentStatus, InfraStatus, ServiceRow, Status};
pub use teardown::{Removed, Teardown, TornDownAgent};
pub use verify::{Hook, HookOutcome, Verify, VerifyPlan, VerifyStatus};
pub use wait::{PortConflict, Wait, WaitedProcess};
