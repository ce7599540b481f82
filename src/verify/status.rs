//! Is the last full pass still that of the present tree?

use std::path::Path;

use super::Error;
use super::plan::digest;
use super::runs::{Proof, Runs};
use super::work_tree::WorkTree;
use crate::project::VerifyStage;
use crate::report::VerifyStatus;
use crate::report::verify::Reason;

/// Answers for the tree at `tree` and the plan `stages`; `directory` is the folder of its runs.
///
/// # Errors
/// When the record is damaged or from a newer harness, or git cannot be run. Not being in a git
/// repository is an answer: nothing can be verified there.
pub async fn status(
    tree: &Path,
    stages: &[VerifyStage],
    directory: &Path,
    agent: Option<u8>,
) -> Result<VerifyStatus, Error> {
    let state = Runs::of(directory).state()?;
    let scratch = std::env::temp_dir();
    let present = match WorkTree::open(tree, &scratch).await? {
        Some(work_tree) => work_tree.name().await?,
        None => None,
    };
    let pass = state.last_full_pass;
    let reason = match (&present, &pass) {
        (None, _) => Some("the tree is not in a git repository, so no result can be bound to it".to_owned()),
        (Some(present), None) if failed_on(state.last_run.as_ref(), present) => {
            Some("the last run of this tree failed".to_owned())
        }
        (_, None) => Some("there was no full pass yet: run `harness verify --full`".to_owned()),
        (Some(present), Some(pass)) if pass.run.tree.as_ref() != Some(present) => {
            Some("the tree has changed since the last full pass".to_owned())
        }
        (_, Some(pass)) if pass.plan != digest(stages) => {
            Some("`[verify]` has changed since the last full pass".to_owned())
        }
        _ => None,
    };
    Ok(VerifyStatus {
        schema: "harness/verify-status/1".to_owned(),
        verified: reason.is_none(),
        reason,
        agent,
        tree: present,
        last_full_pass: pass.map(|proof| proof.run),
        last_run: state.last_run.map(|proof| proof.run),
        error: None,
    })
}

fn failed_on(last: Option<&Proof>, present: &str) -> bool {
    last.is_some_and(|proof| {
        proof.run.reason == Some(Reason::StageFailed) && proof.run.tree.as_deref() == Some(present)
    })
}
