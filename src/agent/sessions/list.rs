//! Listing sessions, and ending one.

use jiff::Timestamp;

use super::SessionError;
use crate::agent::{Context, Error, ownership, undone};
use crate::project::AgentId;
use crate::report::{Failure, SessionRow, SessionState, SessionVerb, Sessions};
use crate::supervisor::{Client, ExitStatus, Phase, SessionSnapshot, StackSnapshot};

/// The sessions of an agent; none where its stack does not run.
///
/// # Errors
/// There is no such agent, or its supervisor does not answer.
pub async fn sessions(context: &Context, agent: AgentId) -> Result<Sessions, Failure> {
    undone::existing(context, agent)?;
    let client = Client::look(&context.home.stack_dir(agent.stack()))?;
    let Some(client) = client else { return Ok(document(agent, SessionVerb::List, None, None)) };
    Ok(document(agent, SessionVerb::List, None, Some(&client.snapshot().await?)))
}

/// Ends a session with all that it started, and takes it off the list.
///
/// # Errors
/// There is no such session, or the agent is another project's and `force` is not set.
pub async fn end_session(context: &Context, agent: AgentId, name: &str, force: bool) -> Result<Sessions, Failure> {
    ownership::check_agent(context, agent, force)?;
    let client = client_of(context, agent)?;
    known(agent, &client.snapshot().await?, name)?;
    let left = client.end_session(name).await?;
    Ok(document(agent, SessionVerb::Stop, Some(name), Some(&left)))
}

/// The supervisor of an agent that runs.
pub(super) fn client_of(context: &Context, agent: AgentId) -> Result<Client, Failure> {
    undone::existing(context, agent)?;
    let client = Client::connect(&context.home.stack_dir(agent.stack()))?;
    Ok(client.ok_or(Error::NotRunning(agent))?)
}

/// A session by name.
pub(super) fn known<'a>(
    agent: AgentId,
    snapshot: &'a StackSnapshot,
    name: &str,
) -> Result<&'a SessionSnapshot, SessionError> {
    snapshot.sessions.get(name).ok_or_else(|| SessionError::Unknown {
        agent,
        name: name.to_owned(),
        known: snapshot.sessions.keys().cloned().collect(),
    })
}

pub(super) fn document(
    agent: AgentId,
    action: SessionVerb,
    name: Option<&str>,
    snapshot: Option<&StackSnapshot>,
) -> Sessions {
    let sessions = snapshot.iter().flat_map(|snapshot| &snapshot.sessions);
    Sessions {
        schema: "harness/session/1".to_owned(),
        agent: agent.get(),
        action,
        name: name.map(str::to_owned),
        sessions: sessions.map(|(name, session)| row(name, session)).collect(),
    }
}

fn row(name: &str, session: &SessionSnapshot) -> SessionRow {
    let process = &session.process;
    let exit = process.last_exit;
    let is_over = session.is_over();
    let at = |time: Option<i64>| Some(Timestamp::from_millisecond(time?).ok()?.to_string());
    SessionRow {
        name: name.to_owned(),
        state: match process.phase {
            Phase::Stopping if !is_over => SessionState::Stopping,
            _ if is_over => SessionState::Ended,
            _ => SessionState::Running,
        },
        command: session.command.clone(),
        directory: session.working_dir.display().to_string(),
        pid: process.process.as_ref().map(|identity| identity.pid),
        started_at: at(process.started_at_ms),
        ended_at: at(process.last_exit_at_ms).filter(|_| is_over),
        exit_code: exit.and_then(|exit| exit.code),
        signal: exit.and_then(|exit| exit.signal),
        reason: is_over.then(|| exit.as_ref().map_or_else(|| process.reason.clone(), |exit| Some(how(exit)))).flatten(),
    }
}

/// `exited with status 3`.
pub(super) fn how(exit: &ExitStatus) -> String {
    match (exit.code, exit.signal) {
        _ if exit.out_of_memory => "was killed because the machine ran out of memory".to_owned(),
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
