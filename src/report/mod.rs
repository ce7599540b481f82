//! What verbs return and how work in progress is told: the versioned JSON documents, failures with
//! their exit codes, and the event sink.
//!
//! Documents are types of their own: no domain type is serialised straight to a user, so that the
//! inside can change without breaking a script. Every document names itself in `schema`
//! (`harness/<verb>/1`).
//!
//! Invariant: nothing here holds a secret.

#[macro_use]
mod words;

mod agent;
mod config;
mod database;
mod doctor;
mod duration;
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
mod state;
mod stats;
mod status;
mod teardown;
pub mod verify;
mod wait;

pub use agent::{Control, Environment, Execution, Urls};
pub use config::{
    ConfigCheck, ConfigProblem, ConfigShow, DatabaseConfig, Durability, EngineChoice, InfraConfig, InfraPortConfig,
    ProcessConfig, RestartPolicy, ServiceConfig, StageConfig, StepConfig, VariableConfig, WorktreeConfig,
};
pub use database::{DatabaseReport, DatabaseVerb, QueryResult, SlowQueries, SlowQueryRow, SnapshotRow};
pub use doctor::{CollectedAgent, Doctor, Finding, Gc, Level};
pub use duration::milliseconds;
pub use events::{Event, Events, Sink, Task, TaskId};
pub use failure::{Diagnostic, ErrorDocument, Failure, Kind};
pub use infra::{InfraCompose, InfraPs, InfraPull};
pub use launch::{Launch, LaunchOutcome, LaunchedAgent, StepTime, TemplateUse};
pub use logs::{LoggedLine, Stream};
pub use man::{CompletionScript, ManPages};
pub use network::{CheckKind, Health, HealthCheck, Opened, PortRow, Ports};
pub use process::{Exit, ProcessRow};
pub use schemas::{Failed, schemas};
pub use setup::Setup;
pub use state::{Engine, InfraState, ProcessState, ServerState, StackState, TemplateState};
pub use stats::{ProcessStats, StackStats, Stats, Usage};
pub use status::{AgentStatus, InfraStatus, ServiceRow, Status};
pub use teardown::{Removed, Teardown, TornDownAgent};
pub use verify::{Hook, HookOutcome, Verify, VerifyPlan, VerifyStatus};
pub use wait::{PortConflict, Wait, WaitFor, WaitOutcome, WaitedProcess};
