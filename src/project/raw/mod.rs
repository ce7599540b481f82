//! `harness.toml` as it is written: one type a table. Their doc comments are what an editor shows,
//! because the JSON Schema is made from them; nothing outside `project` sees these types.

mod database;
mod file;
mod infra;
mod process;
mod store;
mod value;
mod verify;

pub(super) use database::{Database, OnReplace, PostClone, PostCloneStep, TemplateStep};
pub(super) use file::{BucketSeed, File, PrepareStep, Verify, Worktree};
pub(super) use infra::{Durability, Engine, Infra};
pub(super) use process::{Condition, DependsOn, Exec, HttpGet, Process, Restart, Shutdown, Stdin, TcpConnect};
pub(super) use store::{ReadyStore, Store, Stores};
pub(crate) use value::DurationValue;
pub(super) use value::{Flag, MemoryValue, Ordered, PortValue, Scalar};
pub(super) use verify::{Command, Stage};
