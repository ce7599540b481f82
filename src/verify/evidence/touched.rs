//! What a statement lists of changed tests and checks, for a reader without a signature.

use std::path::Path;

use super::super::repository::git;
use super::super::{Error, plan};
use super::changes::{Differences, changed, differences};
use super::kinds::named_by;
use crate::project::VerifyStage;

/// The test, CI and verify files that differ between two commits, and tests that look weaker. `stages` is the `[verify]` in
/// force, and `directory` where it is.
///
/// # Errors
/// git fails.
pub async fn touched(directory: &Path, stages: &[VerifyStage], base: &str, commit: &str) -> Result<Differences, Error> {
    let prefix = git(directory).text(&["rev-parse", "--show-prefix"]).await?;
    let planned = plan::list(stages);
    let commands = planned.stages.iter().flat_map(|stage| &stage.commands).map(|command| command.does.as_str());
    let named = named_by(commands, prefix.trim_end_matches('/'));
    let all = changed(directory, base, commit).await?;
    differences(directory, base, commit, &all, &named).await
}
