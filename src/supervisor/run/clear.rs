//! Ending a process with everything that belongs to it.
//!
//! The configured signal goes to the leader and its process group, as a terminal would send it; what has
//! left that group (sessions of its own, orphans) is sent SIGTERM once the leader is gone, so that a
//! server that stops its own workers in order (PostgreSQL) can. At the end of the grace period comes
//! SIGKILL. After every round `/proc` is looked at again, until twice nobody is found.

use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::time::{Instant, sleep, timeout_at};

use crate::supervisor::members::Lineage;
use crate::supervisor::readiness::readable;
use crate::supervisor::tree::Stat;
use crate::system::{PortHolder, ProcessIdentity, is_bindable, port_holder};

/// How long SIGKILL may take before what is left is reported.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// How a tree is ended.
pub(super) struct Clearing {
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

impl Clearing {
    /// Ends the tree.
    pub(super) async fn run(self) -> Left {
        Left { survivors: self.end().await, held: held_ports(&self.ports).await }
    }

    async fn end(&self) -> Vec<ProcessIdentity> {
        let deadline = Instant::now() + self.grace;
        let mut told = Vec::new();
        if let Some(leader) = &self.leader {
            let in_group = |stat: &Stat| stat.pid == leader.pid || stat.group == leader.pid;
            told.extend(self.members().iter().filter(|stat| in_group(stat)).map(Stat::identity));
            for identity in &told {
                identity.signal(self.signal);
            }
            wait_for(leader, deadline).await;
        }
        let last = deadline + KILL_PATIENCE;
        loop {
            let left = self.members();
            // the kernel's list of children may skip one while another exits
            if left.is_empty() && self.members().is_empty() {
                return Vec::new();
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
        }
    }

    fn members(&self) -> Vec<Stat> {
        self.lineage.members(&self.name, self.leader.as_ref())
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
            match port_holder(*port).filter(|_| !is_bindable(*port)) {
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
