//! Ending a process with everything that belongs to it.
//!
//! The configured signal goes to the leader and its process group, as a terminal would send it; what has
//! left that group (sessions of its own, orphans) is sent SIGTERM once the leader is gone, so that a
//! server that stops its own workers in order (PostgreSQL) can. At the end of the grace period comes
//! SIGKILL. After every round `/proc` is looked at again, until twice nobody is found.

use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::time::{Instant, sleep, timeout_at};

use crate::supervisor::process_tree::Lineage;
use crate::supervisor::readiness::readable;
use crate::system::proc::Stat;
use crate::system::{PortHolder, ProcessIdentity, is_bindable, port_holder};

/// How long SIGKILL may take before what is left is reported.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at what is left.
const PAUSE: Duration = Duration::from_millis(1);

/// How a tree is ended.
pub(super) struct TreeStop {
    pub(super) lineage: Lineage,
    pub(super) name: String,
    /// The leader, dead or alive; `None` when nobody knows it any more.
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
        let began = std::time::Instant::now();
        let deadline = Instant::now() + self.grace;
        let mut told = Vec::new();
        if let Some(leader) = &self.leader {
            // the look may be older than the leader
            told.push(leader.clone());
            let in_group = |stat: &&Stat| stat.group == leader.pid && stat.pid != leader.pid;
            let members = self.lineage.members(&self.name, Some(leader));
            told.extend(members.iter().filter(in_group).map(Stat::identity));
            for identity in &told {
                identity.signal(self.signal);
            }
            wait_for(leader, deadline).await;
        }
        let last = deadline + KILL_PATIENCE;
        loop {
            let left = self.members_since(began);
            if left.is_empty() {
                // the kernel's list of children may skip one while another exits: a second look, which those that
                // end at the same moment share
                let first = std::time::Instant::now();
                sleep(PAUSE).await;
                if self.members_since(first).is_empty() {
                    return Vec::new();
                }
                continue;
            }
            let now = Instant::now();
            if now >= last {
                return left.iter().map(Stat::identity).collect();
            }
            let kill = now >= deadline;
            for identity in left.iter().map(Stat::identity) {
                if kill {
                    identity.signal(Signal::KILL);
                } else if !told.contains(&identity) {
                    identity.signal(Signal::TERM);
                    told.push(identity);
                }
            }
            for stat in &left {
                wait_for(&stat.identity(), if kill { last.min(now + Duration::from_millis(500)) } else { deadline })
                    .await;
            }
            // until the look that showed them serves no more
            sleep(PAUSE).await;
        }
    }

    fn members_since(&self, moment: std::time::Instant) -> Vec<Stat> {
        self.lineage.members_since(moment, &self.name, self.leader.as_ref())
    }
}

/// Ends whatever is left of the whole stack, at once.
pub(super) async fn end_everyone(lineage: &Lineage) -> Vec<ProcessIdentity> {
    let last = Instant::now() + KILL_PATIENCE;
    loop {
        let left = lineage.everyone();
        if left.is_empty() && lineage.everyone().is_empty() {
            return Vec::new();
        }
        if Instant::now() >= last {
            return left.iter().map(Stat::identity).collect();
        }
        for stat in &left {
            stat.identity().signal(Signal::KILL);
        }
        for stat in &left {
            wait_for(&stat.identity(), last.min(Instant::now() + Duration::from_millis(500))).await;
        }
    }
}

/// Waits until that very process has ended, or the deadline.
async fn wait_for(identity: &ProcessIdentity, deadline: Instant) {
    let Some(pid) = Pid::from_raw(identity.pid.cast_signed()) else { return };
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::NONBLOCK) else { return };
    if identity.is_alive()
        && let Ok(pidfd) = readable(pidfd)
    {
        let _ = timeout_at(deadline, pidfd.readable()).await;
    }
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
                Some(_) => sleep(Duration::from_millis(10)).await,
                None => break,
            }
        }
    }
    held
}
