//! The stack of a job: launched on its branch, repaired, removed.

use std::path::PathBuf;

use super::stop::{Brake, Step, Stop, in_words};
use crate::agent::{self, Context, LaunchOptions, Record, TeardownOptions, TeardownTarget};
use crate::project::AgentId;
use crate::report::{ErrorDocument, Failure, Kind, Launch};
use crate::system::Checkout;
use crate::verify;

/// Codes of a machine that has no room for one more stack.
const NO_ROOM: [&str; 2] = ["memory.no_room", "agent.none_free"];

/// Where a job works.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) agent: AgentId,
    pub(super) tree: PathBuf,
}

/// Launches a new stack with a work tree on a branch, or goes on with one that was begun.
pub(super) async fn launch(context: &Context, branch: &str, brake: &Brake) -> Step<Stack> {
    let options = LaunchOptions { worktree: Some(true), branch: Some(branch.to_owned()), ..LaunchOptions::default() };
    of(context, agent::launch_here(context, &options).await, brake).await
}

/// Brings a stack up again, if it is not; `None` where there is no such stack any more.
pub(super) async fn repair(context: &Context, known: &Stack, branch: &str, brake: &Brake) -> Step<Option<Stack>> {
    if !is_there(context, known) {
        return Ok(None);
    }
    // one whose teardown was cut off gets its tree again; a branch that the program went to is its own affair
    let current = Checkout::around(&known.tree).and_then(|checkout| checkout.branch());
    let branch = current.filter(|current| current == branch);
    let options = LaunchOptions { worktree: Some(true), branch, ..LaunchOptions::default() };
    let launched = agent::launch(context, &[known.agent], &options).await;
    of(context, launched, brake).await.map(Some)
}

/// Whether the agent is still the one of this tree.
pub(super) fn is_there(context: &Context, known: &Stack) -> bool {
    let record = Record::read(&context.home, known.agent).ok().flatten();
    record.is_some_and(|record| record.tree == known.tree && record.tree.is_dir())
}

/// The stack whose tree is on a branch: what a launch that failed has left.
pub(super) fn on_branch(context: &Context, branch: &str) -> Option<Stack> {
    let agents = context.home.agents().unwrap_or_default().into_iter().filter_map(|id| AgentId::try_from(id).ok());
    let records = agents.filter_map(|agent| Record::read(&context.home, agent).ok().flatten());
    let is_on = |record: &Record| Checkout::around(&record.tree)?.branch();
    let mut own = records.filter(|record| !record.shares_root() && is_on(record).as_deref() == Some(branch));
    own.next().map(|record| Stack { agent: record.agent, tree: record.tree })
}

async fn of(context: &Context, launched: Result<(Launch, Option<Kind>), Failure>, brake: &Brake) -> Step<Stack> {
    let (launch, worst) = match launched {
        Ok(launched) => launched,
        Err(failure) if failure.kind() == Kind::Interrupted => return Err(brake.interrupted()),
        Err(failure) => return Err(unlaunched(&failure.document(), failure.kind())),
    };
    let one = launch.agents.first();
    if let Some(error) = one.and_then(|agent| agent.error.as_ref()) {
        return Err(unlaunched(error, worst.unwrap_or(Kind::Environment)));
    }
    let found = one.and_then(|one| Some((AgentId::try_from(one.agent).ok()?, PathBuf::from(&one.tree))));
    let (agent, tree) = found.ok_or_else(|| Stop::Failed("the launch names no agent".to_owned(), true))?;
    verify::gate_commits(context, &launch).await;
    Ok(Stack { agent, tree })
}

pub(super) fn unlaunched(error: &ErrorDocument, kind: Kind) -> Stop {
    let said: Vec<&str> =
        std::iter::once(error.message.as_str()).chain(error.causes.iter().map(String::as_str)).collect();
    let text = format!("the stack does not start: {}", said.join(": "));
    if NO_ROOM.contains(&error.code.as_str()) {
        return Stop::NoRoom(text);
    }
    // an application that does not come up, or a file that is wrong, is so at the next attempt too
    Stop::Failed(text, matches!(kind, Kind::Environment | Kind::Conflict | Kind::Bug))
}

/// Removes a stack with its work tree; says what could not be removed.
pub(super) async fn remove(context: &Context, known: &Stack) -> Result<(), String> {
    if Record::read(&context.home, known.agent).ok().flatten().is_none_or(|record| record.tree != known.tree) {
        return Ok(());
    }
    let options = TeardownOptions {
        target: TeardownTarget::Agents(vec![known.agent]),
        dry_run: false,
        // its work is committed
        force: true,
        infra: false,
        volumes: false,
        only_leftovers: false,
    };
    let torn_down = agent::teardown(context, &options).await.map_err(|failure| in_words(&failure))?;
    let error = torn_down.0.agents.into_iter().find_map(|agent| agent.error);
    error.map_or(Ok(()), |error| Err(error.message))
}
