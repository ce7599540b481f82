//! Whose servers commands talk to.
//!
//! A test that reaches `localhost:5432` by a port in its source passes by the grace of whoever listens there. So the
//! connections of commands are watched ([`loopback_map::Watch`]), and a server counts as one's own that belongs to the
//! agent's stack, to the home's servers, or to the run: what commands start themselves, daemons included. A check over
//! HTTP, which is made here, asks the same question of the port that answered.
//!
//! Where the kernel or a container allows no watching, everything is as it would be without, and the document says so.

use std::ops::RangeInclusive;

use super::plan::PlannedStage;
use super::runs;
use crate::agent::OwnServers;
use crate::project::VerifyStage;
use crate::report::verify::{ForeignServer, Network};
use crate::supervisor::supervised_by;
use crate::system::loopback_map::{self, Stranger, Watch};
use crate::system::proc::{is_of_stack, parent_of, variables_of};
use crate::system::{holds_for_container, with_causes};

/// Name servers: they are the machine's, and any program may ask them.
const DOMAIN: u16 = 53;
/// How far up a parent is looked for.
const GENERATIONS: usize = 64;

/// Whether connections are watched, and by what.
pub(super) struct Watching {
    watch: Option<Watch>,
    /// Of the shared servers.
    ports: Vec<u16>,
    reason: Option<String>,
}

impl Watching {
    /// For a run whose processes have `mark`, where `servers` are the agent's. It is tried out here: what a kernel is
    /// called does not say whether it can.
    pub(super) fn begin(stages: &[VerifyStage], servers: Option<&OwnServers>, mark: &str, own_process: bool) -> Self {
        let not = |reason: String| Self { watch: None, ports: Vec::new(), reason: Some(reason) };
        let Some(servers) = servers else { return not("no stack is known".to_owned()) };
        if stages.iter().any(|stage| !stage.watched) {
            return not("`watch_network` in `[verify]` is false".to_owned());
        }
        if let Err(error) = loopback_map::probe() {
            return not(with_causes(&error).replace("the loopback map of `[network]` does not work here: ", ""));
        }
        let (own, mark) = (servers.clone(), mark.to_owned());
        let is_own = move |pid: Option<u32>, port: u16| match pid {
            Some(pid) => is_of_run(pid, &mark, own_process) || is_of_stacks(pid, port, &own),
            None => own.own_ports.contains(&port),
        };
        match Watch::new(is_own) {
            Ok(watch) => Self { watch: Some(watch), ports: servers.ports.clone(), reason: None },
            Err(error) => not(format!("the kernel does not say who listens: {error}")),
        }
    }

    /// For the document.
    pub(super) fn state(&self) -> Network {
        if self.watch.is_some() { Network::Watched } else { Network::Unwatched }
    }

    /// Why there is none, for the document.
    pub(super) fn reason(&self) -> Option<String> {
        self.reason.clone()
    }

    /// For one command of a stage.
    pub(super) fn of_command(&self, stage: &PlannedStage) -> Option<Watch> {
        let ports = [DOMAIN].iter().chain(&self.ports).map(|port| *port..=*port);
        let admitted: Vec<RangeInclusive<u16>> = ports.chain(stage.allow_ports.iter().cloned()).collect();
        Some(self.watch.as_ref()?.of_program(admitted))
    }
}

/// Whether a run has started a process.
fn is_of_run(pid: u32, mark: &str, own_process: bool) -> bool {
    if matches!(variables_of(pid, [runs::VARIABLE]), Some([Some(found)]) if found == mark) {
        return true;
    }
    // one that wiped its environment; this process does nothing else
    let own = std::process::id();
    let above = std::iter::successors(parent_of(pid), |pid| parent_of(*pid)).take(GENERATIONS);
    own_process && above.into_iter().any(|pid| pid == own)
}

fn is_of_stacks(pid: u32, port: u16, own: &OwnServers) -> bool {
    own.stacks.iter().any(|marker| is_of_stack(pid, marker))
        || own.own_ports.contains(&port) && holds_for_container(pid)
        || supervised_by(pid).is_some_and(|directory| own.directories.contains(&directory))
}

/// As the document has them.
pub(super) fn foreign(found: &[Stranger]) -> Vec<ForeignServer> {
    let server = |stranger: &Stranger| ForeignServer {
        address: stranger.address.ip().to_string(),
        port: stranger.address.port(),
        pid: stranger.pid,
        command: Some(stranger.command.clone()).filter(|command| !command.is_empty()),
    };
    found.iter().map(server).collect()
}

/// For people, a line each.
pub(super) fn explained(found: &[Stranger]) -> String {
    let line = |stranger: &Stranger| {
        let who = match (stranger.pid, stranger.command.as_str()) {
            (Some(pid), "") => format!("pid {pid}"),
            (Some(pid), command) => format!("pid {pid} (`{}`)", crate::system::text::cut(command, 120)),
            (None, _) => "a process of another user".to_owned(),
        };
        format!("it talked to {}, where a foreign server listens: {who}", stranger.address)
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}
