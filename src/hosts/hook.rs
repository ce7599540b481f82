//! `harness hook <program> <event>`: one event, one action, one answer in the program's own form.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::payload::Payload;
use super::program::Does;
use super::{Error, session, table, tree};
use crate::agent::{self, Context, LaunchOptions, Record, TeardownOptions, TeardownTarget};
use crate::project::{self, AgentId};
use crate::report::{ErrorDocument, Events, Failure, LaunchedAgent};
use crate::system::{Checkout, Git, Home};
use crate::verify::{self, Content};

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Where it calls.
    pub directory: PathBuf,
    /// Who hears of progress.
    pub events: Events,
}

/// What the program is answered.
#[derive(Debug, Default)]
pub struct Reply {
    /// All of stdout.
    pub stdout: String,
    /// What is said on stderr; the program takes note of it by the exit code where `failed`.
    pub errors: Vec<ErrorDocument>,
    /// Whether the exit code says so.
    pub failed: bool,
}

impl Reply {
    fn saying(stdout: String) -> Self {
        Self { stdout, ..Self::default() }
    }

    fn failing(errors: Vec<ErrorDocument>) -> Self {
        Self { failed: !errors.is_empty(), errors, stdout: String::new() }
    }
}

/// Acts on an event.
///
/// # Errors
/// There is no such program or event; the payload cannot be read; nothing could be tried.
pub async fn hook(program: &str, event: &str, caller: Caller, stdin: &mut dyn Read) -> Result<Reply, Failure> {
    let program = table::find(program).ok_or_else(|| Error::UnknownProgram(program.to_owned()))?;
    let Some(does) = program.events.iter().find(|known| known.name == event).map(|event| event.does) else {
        let known = program.events.iter().map(|event| event.name).collect();
        return Err(Error::UnknownEvent { program: program.name.to_owned(), event: event.to_owned(), known }.into());
    };
    let Caller { mut environment, directory, events } = caller;
    // the tree is what the payload names, whose ever agent started the program
    environment.remove("AGENT_ID");
    let payload = Payload::read(program, does, &environment, &directory, stdin)?;
    let tree = payload.tree.canonicalize().unwrap_or_else(|_| payload.tree.clone());
    let variable = |name: &str| environment.get(name).cloned();
    let home = Home::locate(variable)?;
    let makes = matches!(does, Does::Launch | Does::Create | Does::Begin);
    let home = if makes { Home::open(&home)? } else { Home::look(&home)? };
    let context = Context { home, environment, directory: tree, events };
    match does {
        Does::Launch => {
            let (_, error) = launch(&context).await?;
            Ok(Reply::failing(error.into_iter().collect()))
        }
        Does::Begin => begin(&context).await,
        Does::Create => create(context, &payload).await,
        // a guess is good enough to launch, but must not remove the stack of a main checkout
        Does::Remove if !payload.is_named && Checkout::linked_around(&context.directory).is_none() => {
            Err(Error::Payload("it names no work tree".to_owned()).into())
        }
        // what Claude Code makes is a linked work tree
        Does::Remove if program.json && Checkout::at(&context.directory).is_some_and(|top| !top.is_linked()) => {
            Err(Error::Payload("it names a main checkout, which is no work tree".to_owned()).into())
        }
        Does::RemoveIfGone if context.directory.exists() => Ok(Reply::default()),
        Does::Remove | Does::RemoveIfGone => remove(&context).await,
        Does::Gate => gate(&context, &payload).await,
    }
}

/// Launches the stack of the context's directory.
async fn launch(context: &Context) -> Result<(Option<LaunchedAgent>, Option<ErrorDocument>), Failure> {
    let (mut launch, _) = agent::launch_here(context, &LaunchOptions::default()).await?;
    verify::gate_commits(context, &launch).await;
    let launched = launch.agents.pop();
    let error = launched.as_ref().and_then(|agent| agent.error.clone());
    Ok((launched, error))
}

async fn begin(context: &Context) -> Result<Reply, Failure> {
    let in_project = context.directory.ancestors().any(|above| above.join(project::FILE).is_file());
    if !in_project {
        // the hook may be in the user's own settings
        return Ok(Reply::default());
    }
    let has_agent = !agent::standing_in(context)?.is_empty();
    if Checkout::linked_around(&context.directory).is_none() && !has_agent {
        return Ok(Reply::saying(session::main_checkout()));
    }
    // the model can mend what a person would have to look up
    let text = match launch(context).await {
        Ok((Some(agent), None)) => session::running(&agent, is_verified(context)),
        Ok((_, Some(error))) => session::failed(&error),
        Ok((None, None)) => String::new(),
        Err(failure) => session::failed(&failure.document()),
    };
    Ok(Reply::saying(text))
}

/// Whether the agent of the context's directory has anything to verify.
fn is_verified(context: &Context) -> bool {
    let scope = agent::resolve(context, None).and_then(|agent| agent::verify_scope(context, agent));
    scope.is_ok_and(|scope| !scope.project.verify.is_empty())
}

/// A tree is made although its application does not start: whoever works there may be the one to mend it.
async fn create(context: Context, payload: &Payload) -> Result<Reply, Failure> {
    let name = payload.name().ok_or_else(|| Error::Payload("it has no `name`".to_owned()))?;
    let path = tree::make(&context.directory, name, payload.base()).await?;
    let context = Context { directory: path.canonicalize().unwrap_or_else(|_| path.clone()), ..context };
    let errors = match launch(&context).await {
        Ok((_, error)) => error.into_iter().collect(),
        Err(failure) => vec![failure.document()],
    };
    Ok(Reply { stdout: format!("{}\n", path.display()), errors, failed: false })
}

async fn remove(context: &Context) -> Result<Reply, Failure> {
    let mut errors = Vec::new();
    let agents = living_in(context, &context.directory)?;
    if !agents.is_empty() {
        let options = TeardownOptions {
            target: TeardownTarget::Agents(agents),
            dry_run: false,
            force: false,
            infra: false,
            only_leftovers: false,
            volumes: false,
        };
        // the tree may be gone, and with it the directory to stand in
        let above = context.directory.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("/"));
        let elsewhere = Context { directory: above.to_owned(), ..context.clone() };
        let place = if context.directory.is_dir() { context } else { &elsewhere };
        let (teardown, _) = agent::teardown(place, &options).await?;
        errors.extend(teardown.agents.into_iter().filter_map(|agent| agent.error));
    }
    if errors.is_empty()
        && let Err(failure) = tree::remove(&context.directory).await
    {
        errors.push(failure.document());
    }
    Ok(Reply::failing(errors))
}

/// The agent whose tree this very directory is: of several that share it none, for none of them is meant.
fn living_in(context: &Context, tree: &Path) -> Result<Vec<AgentId>, Failure> {
    let is_here = |agent: &AgentId| {
        let record = Record::read(&context.home, *agent).ok().flatten();
        record
            .is_some_and(|record| record.tree == tree || record.tree.canonicalize().is_ok_and(|record| record == tree))
    };
    let here: Vec<AgentId> = agent::standing_in(context)?.into_iter().filter(is_here).collect();
    Ok(if here.len() == 1 { here } else { Vec::new() })
}

async fn gate(context: &Context, payload: &Payload) -> Result<Reply, Failure> {
    let nothing = Ok(Reply::default());
    let Ok(agent) = agent::resolve(context, None) else { return nothing };
    let scope = agent::verify_scope(context, agent)?;
    let is_idle = payload.was_asked_to_go_on() || scope.project.verify.is_empty();
    if is_idle || Git::asking(&scope.tree).text(&["status", "--porcelain"]).await?.trim().is_empty() {
        return nothing;
    }
    let stages = &scope.project.verify;
    let status = verify::status(&scope.tree, Content::WorkTree, stages, &scope.directory, Some(agent.get())).await?;
    if status.verified {
        return nothing;
    }
    let why = status.reason.unwrap_or_default();
    let reason = format!(
        "your changes have not passed `harness verify --full` ({why}): run it, and correct what fails. If you cannot, \
         say what is missing"
    );
    let answer = serde_json::json!({ "decision": "block", "reason": reason });
    Ok(Reply::saying(format!("{answer}\n")))
}
