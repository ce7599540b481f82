//! Ending a process with its whole process tree.
//!
//! The configured signal goes to the leader and its process group, as a terminal would send it; what has left that
//! group (sessions of its own, orphans) is sent SIGTERM once the leader is gone, so that a server that stops its own
//! workers in order (PostgreSQL) can. At the end of the grace period comes SIGKILL; see [`Stop`].
//!
//! The tree of a leader that has ended by itself is ended in the same way: what it left, in whatever session, holds
//! its port. Without a leader nothing coordinates an orderly end any more, so the grace period is short then.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::supervisor::process_tree::ProcessTrees;
use crate::system::proc::{Stat, Stop, StopPatience, stop_processes_async, wait_for_exit_async};
use crate::system::{PortHolder, ProcessIdentity, is_bindable, port_holder};

/// How long SIGKILL may take before what is left is reported.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// The grace period of what a leader left that ended by itself.
const ORPHAN_GRACE: Duration = Duration::from_secs(3);

/// How a tree is ended.
pub(super) struct TreeStop {
    pub(super) trees: ProcessTrees,
    pub(super) name: String,
    /// The leader, dead or alive; `None` when it is not known any more.
    pub(super) leader: Option<ProcessIdentity>,
    pub(super) signal: Signal,
    pub(super) grace: Duration,
    /// Looked at when the tree is gone.
    pub(super) ports: Vec<u16>,
}

/// What is left.
pub(super) struct Left {
    pub(super) survivors: Vec<ProcessIdentity>,
    pub(super) held: Vec<(u16, PortHolder)>,
}

impl TreeStop {
    /// Ends the tree.
    pub(super) async fn run(self) -> Left {
        Left { survivors: self.end().await, held: held_ports(&self.ports).await }
    }

    async fn end(&self) -> Vec<ProcessIdentity> {
        let lives = self.leader.as_ref().is_some_and(ProcessIdentity::is_alive);
        let grace = if lives { self.grace } else { self.grace.min(ORPHAN_GRACE) };
        let mut signalled = Vec::new();
        if let Some(leader) = self.leader.as_ref().filter(|_| lives) {
            // the look may be older than the leader
            signalled.push(leader.clone());
            let in_group = |stat: &&Stat| stat.group == leader.pid && stat.pid != leader.pid;
            let members = self.trees.members(&self.name, Some(leader));
            signalled.extend(members.iter().filter(in_group).map(Stat::identity));
            for identity in &signalled {
                identity.signal(self.signal);
                // one that is stopped (SIGSTOP, Ctrl-Z) would not receive it otherwise
                identity.signal(Signal::CONT);
            }
        }
        let stop = Stop::begin(StopPatience { grace, kill: KILL_PATIENCE }, signalled);
        if let Some(leader) = &self.leader {
            wait_for_exit_async(leader, stop.grace_ends()).await;
        }
        let mut since = Instant::now();
        let look = async || {
            let found = self.trees.members_since(since, &self.name, self.leader.as_ref()).await;
            // what was found is waited for, and only a later look can find anything else
            since = Instant::now();
            found.iter().map(Stat::identity).collect()
        };
        stop_processes_async(stop, look).await.survivors
    }
}

/// Ends whatever is left of the whole stack, at once.
pub(super) async fn end_everyone(trees: &ProcessTrees) -> Vec<ProcessIdentity> {
    let stop = Stop::begin(StopPatience { grace: Duration::ZERO, kill: KILL_PATIENCE }, []);
    stop_processes_async(stop, async || trees.everyone().iter().map(Stat::identity).collect()).await.survivors
}

/// Who holds these ports. A socket whose process has just gone may take a moment to go too.
async fn held_ports(ports: &[u16]) -> Vec<(u16, PortHolder)> {
    let mut held = Vec::new();
    for port in ports {
        for attempt in 0..20 {
            // whether it is free is asked of the kernel in microseconds, whose it is of every process
            match Some(*port).filter(|port| !is_bindable(*port)).and_then(port_holder) {
                Some(holder) if holder.pid.is_some() || attempt == 19 => {
                    held.push((*port, holder));
                    break;
                }
                Some(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                None => break,
            }
        }
    }
    held
}
