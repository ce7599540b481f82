//! Starting a session.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::list::client_of;
use super::{SessionError, list};
use crate::agent::environment::{for_commands, load};
use crate::agent::{Context, Error, exec, ownership};
use crate::project::AgentId;
use crate::report::{Failure, SessionVerb, Sessions};
use crate::screen::Size;
use crate::supervisor::{Phase, ProcessSpec, SessionSpec, StackSnapshot};

/// How long a program may take to begin.
const BEGIN: Duration = Duration::from_secs(10);

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct SessionRequest {
    /// Its name; that of the program, with a number where that is taken, if none is given.
    pub name: Option<String>,
    /// Where, relative to the agent's tree; the tree itself if none is given.
    pub directory: Option<PathBuf>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Columns and rows of its terminal until somebody joins.
    pub size: Option<(u16, u16)>,
    /// Also for an agent of another project than the one here.
    pub force: bool,
    /// Variables beside the agent's own.
    pub environment: BTreeMap<String, String>,
    /// Which of them are secret: its log and its screen show none of their values.
    pub secrets: Vec<String>,
}

/// Starts a program on a terminal in an agent's stack, with the agent's environment, as `exec` has it.
///
/// # Errors
/// The agent does not run, has a session or process of that name or too many sessions, or the program cannot be started.
pub async fn start_session(context: &Context, agent: AgentId, request: &SessionRequest) -> Result<Sessions, Failure> {
    ownership::check_agent(context, agent, request.force)?;
    let client = client_of(context, agent)?;
    let loaded = load(context, agent).await?;
    let directory = loaded.record.tree.join(request.directory.as_deref().unwrap_or_else(|| "".as_ref()));
    let directory = directory.canonicalize().ok().filter(|path| path.is_dir());
    let Some(directory) = directory else {
        return Err(SessionError::Directory { path: request.directory.clone().unwrap_or_default() }.into());
    };
    let mut environment = for_commands(context, &loaded.infra, loaded.environment.all());
    // of the terminal that the stack was launched from
    environment.remove("TERM");
    environment.extend(request.environment.clone());
    environment.entry("COLORTERM".to_owned()).or_insert_with(|| "truecolor".to_owned());
    let program = request.command.first().cloned().unwrap_or_default();
    if exec::find(&program, environment.get("PATH"), &directory).is_none() {
        return Err(Error::NoProgram { agent, program }.into());
    }
    let before = client.snapshot().await?;
    let name = name_of(agent, request.name.as_deref(), &program, &before)?;
    let running = before.sessions.values().filter(|session| !session.is_over()).count();
    if running >= MOST {
        return Err(SessionError::Limit { agent, count: running }.into());
    }
    let token = format!("{}-{}", std::process::id(), jiff::Timestamp::now().as_nanosecond());
    let size = request.size.map_or_else(Size::default, |(columns, rows)| Size::of(columns, rows));
    let session = SessionSpec { token, size, secrets: request.secrets.clone() };
    let process = ProcessSpec { environment, ..ProcessSpec::session(request.command.clone(), directory, session) };
    let mut seen = client.start_session(&name, &process).await?;
    let begins = |seen: &StackSnapshot| {
        let session = seen.sessions.get(&name);
        session.is_some_and(|it| it.process.process.is_none() && !it.is_over())
    };
    if begins(&seen) {
        seen = client.wait_until(BEGIN, |seen| !begins(seen)).await?;
    }
    if let Some(session) = seen.sessions.get(&name)
        && session.process.phase == Phase::Failed
        && session.process.last_exit.is_none()
    {
        let reason = session.process.reason.clone().unwrap_or_default();
        client.end_session(&name).await?;
        return Err(SessionError::NotStarted { agent, name, reason }.into());
    }
    Ok(list::document(agent, SessionVerb::Start, Some(&name), Some(&seen)))
}

/// Sessions that may run in one stack: as many as the supervisor keeps.
const MOST: usize = 32;

fn name_of(
    agent: AgentId,
    wanted: Option<&str>,
    program: &str,
    before: &StackSnapshot,
) -> Result<String, SessionError> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let taken = |name: &str| {
        let session = before.sessions.contains_key(name).then_some("session");
        session.or_else(|| before.processes.contains_key(name).then_some("process"))
    };
    if let Some(name) = wanted {
        let is_one = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) && name != "supervisor";
        if !is_one || name.len() > 64 || name.chars().all(|letter| letter.is_ascii_digit()) {
            return Err(SessionError::Name { name: name.to_owned() });
        }
        return match taken(name) {
            None => Ok(name.to_owned()),
            Some(what) => Err(SessionError::Taken { agent, name: name.to_owned(), what }),
        };
    }
    let last = program.rsplit('/').next().unwrap_or_default();
    let base: String = last.trim_start_matches('.').chars().filter(|letter| plain(*letter)).take(48).collect();
    let is_number = base.chars().all(|letter| letter.is_ascii_digit());
    let base = if base.is_empty() || is_number || base == "supervisor" { "session".to_owned() } else { base };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    Ok(names.find(|name| taken(name).is_none()).unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_from_the_program() {
        let agent: AgentId = "3".parse().unwrap();
        let empty: StackSnapshot = serde_json::from_value(serde_json::json!({
            "generation": 1, "stack": "agent-3", "harness_version": "1", "guardian": null, "spec_digest": "",
            "supervisor": crate::system::ProcessIdentity::of(std::process::id()),
            "tracking": [], "processes": {}
        }))
        .unwrap();
        let name = |wanted: Option<&str>, program: &str| name_of(agent, wanted, program, &empty);
        assert_eq!(name(None, "/usr/bin/vim").unwrap(), "vim");
        assert_eq!(name(None, "./.7").unwrap(), "session");
        assert_eq!(name(Some("work"), "vim").unwrap(), "work");
        for wrong in ["", ".x", "a b", "7", "../x", "supervisor"] {
            assert!(name(Some(wrong), "vim").is_err(), "{wrong}");
        }
    }
}
