//! `harness verify`: is the work done?

mod against;
mod hook;
mod plan;
mod run;
mod status;

pub use against::{Against, ClassedFailure, FailureClass};
pub use hook::{Hook, HookOutcome};
pub use plan::{PlannedCommand, PlannedStage, VerifyPlan};
pub use run::{Command, Outcome, Reason, Stage, StageStatus, Tree, Verify};
pub use status::{RecordedRun, VerifyStatus};
