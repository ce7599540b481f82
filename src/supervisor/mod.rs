//! Keeps the processes of one stack alive.

mod snapshot;
mod spec;

pub use snapshot::{ExitStatus, Phase, ProcessSnapshot, StackSnapshot};
pub use spec::{
    ConditionSpec, DependencySpec, ProbeCheckSpec, ProbeSpec, ProcessSpec, RestartSpec, RunAs, StackSpec, StopSpec,
    WatchSpec,
};
