//! What is known of an application that does not answer: from its supervisor, and from its log.

use super::client::Client;
use super::pool::Fault;
use super::table::Target;
use crate::agent::{Lifecycle, Record};
use crate::report::ProcessState;
use crate::supervisor::{self, ProcessSnapshot, StackSnapshot, logs};
use crate::system::{Home, with_causes};

/// How many lines of its log are shown.
const LINES: usize = 20;

/// An application that does not answer.
#[derive(Debug)]
pub(super) struct Down {
    /// What is wrong, in one sentence.
    pub(super) what: String,
    /// Why, where that is known.
    pub(super) why: Option<String>,
    pub(super) hint: String,
    /// The last lines of its log, for its owner.
    pub(super) lines: Vec<String>,
}

/// Looks at the stack of an application. `fault`: what came of the request.
pub(super) async fn look(home: &Home, target: &Target, client: &Client, fault: &Fault) -> Down {
    let directory = home.stack_dir(target.agent.stack());
    let (agent, project) = (target.agent, &target.project);
    let plain = |what: String, hint: String| Down { what, why: None, hint, lines: Vec::new() };
    let launching =
        || matches!(Record::read(home, agent), Ok(Some(record)) if record.lifecycle == Lifecycle::Launching);
    let snapshot = match supervisor::Client::look(&directory) {
        Ok(Some(supervisor)) => supervisor.state().await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let snapshot = match snapshot {
        Ok(Some(snapshot)) => snapshot,
        Ok(None) if launching() => {
            let hint = "it is there as soon as it is ready".to_owned();
            return plain(format!("agent {agent} of `{project}` is being launched"), hint);
        }
        Ok(None) => {
            let hint = format!("run `harness launch {agent}`, which starts it with all it had");
            return plain(format!("agent {agent} of `{project}` is stopped"), hint);
        }
        Err(error) => {
            let what = format!("agent {agent} of `{project}` does not say how it is");
            let hint = format!("run `harness status {agent}`");
            return Down { why: Some(with_causes(&error)), ..plain(what, hint) };
        }
    };
    let Some((name, process)) = holder(&snapshot, target.port) else {
        let what =
            format!("agent {agent} of `{project}` has no process on its port `{}` ({})", target.name, target.port);
        return plain(what, format!("start what should listen on port {}, on 127.0.0.1 or [::1]", target.port));
    };
    let (client, log) = (client.clone(), name.clone());
    let lines = tokio::task::spawn_blocking(move || {
        if client.is_owner() { logs::last_lines(&directory, &log, LINES) } else { Vec::new() }
    });
    let state = process.phase.as_str().replace('_', " ");
    let answers = matches!(process.phase, ProcessState::Ready | ProcessState::Unhealthy);
    Down {
        what: format!("process `{name}` of agent {agent} of `{project}` is {state}"),
        why: process.reason.clone().or_else(|| answers.then(|| with_causes(fault))).or_else(|| ending(process)),
        hint: hint(process.phase, target, name),
        lines: lines.await.unwrap_or_default(),
    }
}

/// The process that should listen on a port; of several that say so, one that runs.
fn holder(snapshot: &StackSnapshot, port: u16) -> Option<(&String, &ProcessSnapshot)> {
    let named = snapshot.processes.iter().filter(|(_, process)| process.ports.contains(&port));
    named.min_by_key(|(_, process)| (process.phase == ProcessState::Disabled, process.process.is_none()))
}

fn ending(process: &ProcessSnapshot) -> Option<String> {
    let exit = process.last_exit.filter(|_| process.process.is_none())?;
    match (exit.code, exit.signal) {
        (Some(code), _) => Some(format!("it ended with exit status {code}")),
        (None, Some(signal)) => Some(format!("signal {signal} ended it")),
        (None, None) => None,
    }
}

fn hint(phase: ProcessState, target: &Target, process: &str) -> String {
    let (agent, name, port) = (target.agent, &target.name, target.port);
    match phase {
        ProcessState::Stopped | ProcessState::Disabled => format!("run `harness start {agent} {process}`"),
        ProcessState::Starting | ProcessState::Waiting | ProcessState::Backoff | ProcessState::Stopping => {
            format!("it may answer in a moment; `harness logs {agent} {process}` shows what it does")
        }
        ProcessState::Ready | ProcessState::PortNotBound => {
            format!("it should listen on its port `{name}` ({port}), on 127.0.0.1 or [::1], and speak HTTP there")
        }
        _ => format!("read `harness logs {agent} {process}`, then run `harness restart {agent} {process}`"),
    }
}
