//! `wait`: until processes are ready, stopped or ended; or until they can no longer become so.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Context, Error, processes, undone};
use crate::project::AgentId;
use crate::report::{Failure, PortConflict, Wait, WaitFor, WaitOutcome, WaitedProcess, milliseconds};
use crate::supervisor::{Client, Phase, ProcessSnapshot, StackSnapshot};
use crate::system::ProcessIdentity;

/// The state of one process that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ready,
    Stopped,
    Exited { well: bool },
    PortConflict,
    DependencyFailed,
}

impl Verdict {
    fn outcome(self) -> WaitOutcome {
        match self {
            Self::Ready => WaitOutcome::Ready,
            Self::Stopped => WaitOutcome::Stopped,
            Self::Exited { .. } => WaitOutcome::Exited,
            Self::PortConflict => WaitOutcome::PortConflict,
            Self::DependencyFailed => WaitOutcome::DependencyFailed,
        }
    }

    fn reaches(self, wanted: WaitFor) -> bool {
        match wanted {
            WaitFor::Ready => matches!(self, Self::Ready | Self::Exited { well: true }),
            WaitFor::Stopped => true,
            WaitFor::Exit => self == Self::Exited { well: true },
        }
    }
}

/// Waits for `names`, or for all processes that are not disabled, at most for `limit`; with a limit of
/// zero it only looks. Ends as soon as each of them has come to what is wanted or cannot any more.
///
/// # Errors
/// The agent does not exist, does not run (unless that is what is waited for), or has no such process.
pub async fn wait(
    context: &Context,
    agent: AgentId,
    wanted: WaitFor,
    names: &[String],
    limit: Duration,
) -> Result<Wait, Failure> {
    undone::existing(context, agent)?;
    let directory = context.home.stack_dir(agent.stack());
    let began = Instant::now();
    let report = |processes: Vec<WaitedProcess>| Wait {
        schema: "harness/wait/1".to_owned(),
        agent: agent.get(),
        wanted,
        reached: processes.iter().all(|process| process.reached),
        waited_ms: milliseconds(began.elapsed()),
        processes,
    };
    let gone =
        || if wanted == WaitFor::Stopped { Ok(report(Vec::new())) } else { Err(Error::NotRunning(agent).into()) };
    let Some(client) = Client::look(&directory)? else { return gone() };
    let looking = async {
        let mut snapshot = client.snapshot().await?;
        let mut watched: Vec<Watched> =
            super::control::chosen(agent, &snapshot, names)?.into_iter().map(Watched::new).collect();
        let task = context.events.task(format!("agent {agent}"), format!("wait for {wanted}"));
        loop {
            for process in &mut watched {
                process.look(wanted, &snapshot);
            }
            let open: Vec<&str> = watched.iter().filter(|it| it.verdict.is_none()).map(|it| it.name.as_str()).collect();
            let left = limit.saturating_sub(began.elapsed());
            if open.is_empty() || left.is_zero() {
                if watched.iter().all(|it| it.verdict.is_some_and(|verdict| verdict.reaches(wanted))) {
                    task.finish();
                }
                return Ok::<_, Failure>((watched, snapshot));
            }
            task.detail(open.join(", "));
            snapshot = client.changed(snapshot.generation, left).await?;
        }
    };
    let found = tokio::select! {
        biased;
        () = super::interrupted() => return Err(Error::Interrupted.into()),
        found = looking => found,
    };
    match found {
        Ok((watched, snapshot)) => {
            let row = |it: &Watched| it.row(wanted, &directory, &snapshot.processes, limit);
            Ok(report(watched.iter().map(row).collect()))
        }
        // the whole stack was stopped meanwhile
        Err(_) if !matches!(Client::connect(&directory), Ok(Some(_))) => gone(),
        Err(failure) => Err(failure),
    }
}

/// One process that is waited for.
struct Watched {
    name: String,
    /// The run whose end is waited for.
    run: Option<ProcessIdentity>,
    verdict: Option<Verdict>,
}

impl Watched {
    fn new(name: String) -> Self {
        Self { name, run: None, verdict: None }
    }

    fn look(&mut self, wanted: WaitFor, snapshot: &StackSnapshot) {
        let Some(process) = snapshot.processes.get(&self.name) else {
            // taken out of the config meanwhile
            self.verdict = Some(Verdict::Stopped);
            return;
        };
        self.verdict = match wanted {
            WaitFor::Ready => verdict_on_readiness(process),
            WaitFor::Stopped => has_stopped(process.phase).then_some(Verdict::Stopped),
            WaitFor::Exit => self.verdict_on_exit(process),
        };
    }

    fn verdict_on_exit(&mut self, process: &ProcessSnapshot) -> Option<Verdict> {
        let ended = Verdict::Exited { well: process.last_exit.is_some_and(|exit| exit.code == Some(0)) };
        match (&self.run, &process.process) {
            (None, Some(running)) => {
                self.run = Some(running.clone());
                None
            }
            (Some(known), Some(running)) => (known != running).then_some(ended),
            (Some(_), None) => Some(ended),
            (None, None) => match process.phase {
                Phase::Waiting | Phase::Starting => None,
                Phase::PortConflict => Some(Verdict::PortConflict),
                Phase::DependencyFailed => Some(Verdict::DependencyFailed),
                _ => Some(if process.last_exit.is_some() { ended } else { Verdict::Stopped }),
            },
        }
    }

    fn row(
        &self,
        wanted: WaitFor,
        directory: &Path,
        processes: &BTreeMap<String, ProcessSnapshot>,
        limit: Duration,
    ) -> WaitedProcess {
        let process = processes.get(&self.name);
        let well = matches!(self.verdict, Some(Verdict::Ready | Verdict::Stopped));
        let state = process.map_or(Phase::Stopped, |process| process.phase);
        let reason = process.and_then(|process| process.reason.clone());
        let waiting = || {
            let why = reason.clone().map_or_else(String::new, |why| format!(": {why}"));
            format!("still {} after {} s{why}", state, limit.as_secs_f64())
        };
        WaitedProcess {
            name: self.name.clone(),
            outcome: self.verdict.map_or(WaitOutcome::Timeout, Verdict::outcome),
            reached: self.verdict.is_some_and(|verdict| verdict.reaches(wanted)),
            state,
            pid: process.and_then(|process| process.process.as_ref()).map(|identity| identity.pid),
            exit: process.and_then(|process| process.last_exit).map(processes::exit),
            port: process.and_then(|process| process.port_holder.as_ref()).map(|(port, holder)| PortConflict {
                port: *port,
                pid: holder.pid,
                command: holder.command.clone(),
            }),
            reason: if self.verdict.is_none() { Some(waiting()) } else { reason },
            last_lines: if well { Vec::new() } else { processes::last_lines(directory, &self.name) },
        }
    }
}

/// `None` while it may still become ready: also in the pause before another start.
fn verdict_on_readiness(process: &ProcessSnapshot) -> Option<Verdict> {
    match process.phase {
        Phase::Ready => Some(Verdict::Ready),
        Phase::Completed => Some(Verdict::Exited { well: true }),
        Phase::Failed => Some(Verdict::Exited { well: false }),
        Phase::PortConflict => Some(Verdict::PortConflict),
        Phase::DependencyFailed => Some(Verdict::DependencyFailed),
        Phase::Stopped | Phase::Disabled => Some(Verdict::Stopped),
        _ => None,
    }
}

fn has_stopped(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Stopped
            | Phase::Disabled
            | Phase::Completed
            | Phase::Failed
            | Phase::PortConflict
            | Phase::DependencyFailed
    )
}
