//! A throwaway stack of one commit, and what `verify --full` says about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::input::git;
use crate::jobs::own::{self, NoDocument, Own};
use crate::report::{Failure, Rehearsed};

const LAUNCH: Duration = Duration::from_hours(1);
const VERIFY: Duration = Duration::from_hours(2);
const TEARDOWN: Duration = Duration::from_mins(15);

/// Launches a commit, verifies it, and removes everything again.
///
/// # Errors
/// The branch cannot be made, or something is left.
pub(super) async fn judge(own: &Own, root: &Path, commit: &str) -> Result<Rehearsed, Failure> {
    let branch = format!("harness/rehearsal-{}-{:08x}", std::process::id(), rand::random::<u32>());
    git(root).text(&["branch", "--no-track", &branch, commit]).await?;
    let judged = run(own, root, &branch).await;
    // a launch that failed is undone already
    let removed = match &judged {
        (Some(agent), _) => {
            let document = own.document(root, &["teardown", agent, "--force"], TEARDOWN).await;
            document.map_or_else(|NoDocument(reason)| Some(reason), |document| own::error_of(&document))
        }
        (None, _) => None,
    };
    git(root).output(&["branch", "--delete", "--force", "--quiet", &branch]).await?;
    let mut judged = judged.1;
    if let Some(reason) = removed {
        judged.problem = Some(format!("its stack could not be removed: {reason}"));
    }
    Ok(judged)
}

/// The agent, where there is one, and the verdict.
async fn run(own: &Own, root: &Path, branch: &str) -> (Option<String>, Rehearsed) {
    let failed = |problem: String| Rehearsed { passed: false, problem: Some(problem), verify: None };
    let launched = match own.document(root, &["launch", "--branch", branch], LAUNCH).await {
        Ok(launched) => launched,
        Err(NoDocument(reason)) => return (None, failed(reason)),
    };
    let agent = &launched["agents"][0];
    let number = agent["agent"].as_u64().map(|number| number.to_string());
    if let Some(error) = own::error_of(&launched) {
        return (None, failed(format!("the stack does not start: {error}")));
    }
    let (Some(number), Some(tree)) = (number, agent["tree"].as_str().map(PathBuf::from)) else {
        return (None, failed("the launch names no agent".to_owned()));
    };
    let judged = match own.document(&tree, &["verify", &number, "--full"], VERIFY).await {
        Ok(document) => {
            let passed = document["status"] == "pass";
            Rehearsed { passed, problem: first_error(&document).filter(|_| !passed), verify: Some(document) }
        }
        Err(NoDocument(reason)) => failed(reason),
    };
    (Some(number), judged)
}

fn first_error(document: &Value) -> Option<String> {
    let mut stages = document["stages"].as_array().into_iter().flatten();
    let first = stages.find_map(|stage| stage["first_error"].as_str()).map(str::to_owned);
    first.or_else(|| own::error_of(document)).or_else(|| document["reason"].as_str().map(str::to_owned))
}
