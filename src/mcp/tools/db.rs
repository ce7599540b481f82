//! `harness_db`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::missing;
use crate::agent::{self, DatabaseAction};
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Saves the contents of your database and restores them, for instance around a migration. Ends its open sessions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What to do; `restore` replaces the present contents.
    action: Action,
    /// Name of the snapshot: up to 40 lower-case letters, digits and `_`. Not for `list`.
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    List,
    Snapshot,
    Restore,
    Drop,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let name = || arguments.name.clone().ok_or_else(|| missing("name"));
    let action = match arguments.action {
        Action::List => DatabaseAction::List,
        Action::Snapshot => DatabaseAction::Snapshot(name()?),
        Action::Restore => DatabaseAction::Restore(name()?),
        Action::Drop => DatabaseAction::Drop(name()?),
    };
    let context = call.context()?;
    Ok(Answer::of(&agent::database(&context, call.agent(&context)?, &action, std::time::Duration::ZERO, false).await?))
}
