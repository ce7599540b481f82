//! `harness verify`: is the work done?

mod against;
mod evidence;
mod hook;
mod plan;
mod run;
mod signed;
mod status;

pub use against::{Against, ClassedFailure, FailureClass};
pub use evidence::{
    Attested, AttestedBase, AttestedCommand, AttestedStage, AttestedTemplate, Change, ChangedFile, ConfigurationFile,
    FileKind, Lie, LieCode, PublicKey, Tool, VerifyCheck, Weakened, Weakening,
};
pub use hook::{Hook, HookOutcome};
pub use plan::{PlannedCommand, PlannedStage, VerifyPlan};
pub use run::{Command, ForeignServer, Network, Outcome, Reason, Stage, StageStatus, Tree, Verify};
pub use signed::Evidence;
pub use status::{RecordedRun, VerifyStatus};
