//! Is the last full pass still that of the present tree?

use std::path::Path;

use super::Error;
use super::plan::digest;
use super::runs::{Proof, Runs};
use super::work_tree::WorkTree;
use crate::project::VerifyStage;
use crate::report::VerifyStatus;
use crate::report::verify::Reason;

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Everything in the work tree that git does not ignore.
    WorkTree,
    /// What git is about to commit: its index, or the one that it made for a partial commit.
    Commit {
        /// The index; the user's own when absent.
        index: Option<&'a Path>,
    },
}

/// The document of the last run in `directory`; `None` when there was none, or it is no longer kept.
///
/// # Errors
/// It cannot be read.
pub fn last_report(directory: &Path) -> Result<Option<crate::report::Verify>, Error> {
    Runs::of(directory).last_report()
}

/// Answers for the tree at `tree` and the plan `stages`; `directory` is the folder of its runs.
///
/// # Errors
/// When the record is damaged or from a newer harness, or git cannot be run. Not being in a git
/// repository is an answer: nothing can be verified there.
pub async fn status(
    tree: &Path,
    content: Content<'_>,
    stages: &[VerifyStage],
    directory: &Path,
    agent: Option<u8>,
) -> Result<VerifyStatus, Error> {
    let history = Runs::of(directory).history()?;
    let scratch = std::env::temp_dir();
    let work_tree = WorkTree::open(tree, &scratch).await?;
    let present = match (&work_tree, content) {
        (None, _) => None,
        (Some(work_tree), Content::WorkTree) => work_tree.name().await?,
        (Some(work_tree), Content::Commit { index }) => work_tree.name_of_index(index).await?,
    };
    let pass = history.last_full_pass;
    let reason = match (&present, &pass) {
        (None, _) => Some("the tree is not in a git repository".to_owned()),
        (Some(present), None) if failed_on(history.last_run.as_ref(), present) => {
            Some("the last run on this tree failed".to_owned())
        }
        (_, None) => Some("`harness verify --full` has not passed yet".to_owned()),
        (Some(present), Some(pass)) if pass.run.tree.as_ref() != Some(present) => Some(match (&work_tree, content) {
            (Some(work_tree), Content::Commit { .. }) => unlike_verified(work_tree, present, pass).await,
            _ => "files have changed since `harness verify --full` last passed".to_owned(),
        }),
        (_, Some(pass)) if pass.plan != digest(stages) => {
            Some("`[verify]` has changed since `harness verify --full` last passed".to_owned())
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
        last_run: history.last_run.map(|proof| proof.run),
        evidence: None,
        error: None,
    })
}

/// Why a commit is not what was verified, with the paths where that is known.
async fn unlike_verified(work_tree: &WorkTree, commit: &str, pass: &Proof) -> String {
    let verified = match work_tree.name().await {
        Ok(Some(name)) if pass.run.tree.as_ref() == Some(&name) => name,
        _ => return "files have changed since `harness verify --full` last passed".to_owned(),
    };
    let differing = work_tree.differing(commit, &verified).await.unwrap_or_default();
    let named: Vec<&str> = differing.iter().map(String::as_str).take(5).collect();
    let more = if differing.len() > named.len() { ", ..." } else { "" };
    format!(
        "the work tree is verified, but the commit would differ from it in {}{more}: add these, or verify without them",
        named.join(", ")
    )
}

fn failed_on(last: Option<&Proof>, present: &str) -> bool {
    last.is_some_and(|proof| {
        matches!(proof.run.reason, Some(Reason::StageFailed | Reason::ForeignServer))
            && proof.run.tree.as_deref() == Some(present)
    })
}
