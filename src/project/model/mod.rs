//! The resolved project: what everything else reads.

mod database;
mod infra;
mod process;
mod project;
mod service;
mod store;
mod template;
mod verify;

pub use database::{DatabaseSettings, PostClone, StepAction, TemplateStep};
pub use infra::{Durability, EngineChoice, InfraSettings, PortSource, PostgresSettings, ServiceSettings};
pub use process::{Condition, Dependency, Probe, ProbeCheck, Process, RestartPolicy, Stdin, Watch};
pub use project::{BucketSeed, LaunchSettings, PrepareStep, Project, RenderSettings, WorktreeSettings};
pub use service::{InfraPort, InfraPorts, Service};
pub use store::{Container, Store, StoreKind, StoreStep};
pub use template::Template;
pub use verify::{VerifyCheck, VerifyCommand, VerifyStage};
