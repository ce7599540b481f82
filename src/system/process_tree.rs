//! Everything that one program started: its session, whoever carries its mark in the environment,
//! and the descendants of both.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use super::proc::{ProcessIdentity, Stat, processes, variables_of, with_descendants};

/// How often it is looked again for processes that were being born.
const ROUNDS: u32 = 50;

/// The processes of one program.
#[derive(Debug)]
pub(super) struct ProcessTree {
    leader: u32,
    mark: String,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl ProcessTree {
    /// The variable that carries the mark.
    pub(super) const VARIABLE: &'static str = "HARNESS_COMMAND";

    /// A mark that no other program on this machine has had since boot.
    pub(super) fn new_marker() -> String {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let nanoseconds = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        format!("{}.{number}.{}{:09}", std::process::id(), nanoseconds.tv_sec, nanoseconds.tv_nsec)
    }

    /// The tree of the session leader `leader`, which must not have been reaped.
    pub(super) fn new(leader: u32, mark: String) -> Self {
        Self { leader, mark }
    }

    /// Signals every process of the tree once; says how many there were.
    pub(super) fn signal(&self, signal: Signal) -> usize {
        self.members().iter().filter(|member| member.signal(signal)).count()
    }

    /// Kills the tree and looks again until nothing is left.
    pub(super) fn kill(&self) {
        for _ in 0..ROUNDS {
            if self.signal(Signal::KILL) == 0 {
                return;
            }
            // killed processes need a moment to become zombies
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn members(&self) -> Vec<ProcessIdentity> {
        let table = processes();
        let Some(leader) = table.iter().find(|stat| stat.pid == self.leader) else { return Vec::new() };
        let is_marked = |stat: &Stat| {
            variables_of(stat.pid, [Self::VARIABLE]).is_some_and(|[mark]| mark.as_deref() == Some(&*self.mark))
        };
        // nothing that is older than the leader can come from it, so few environments are read
        let younger = table.iter().filter(|stat| stat.start_time >= leader.start_time);
        let roots: BTreeSet<u32> =
            younger.filter(|stat| stat.session == self.leader || is_marked(stat)).map(|stat| stat.pid).collect();
        let members = with_descendants(&table, roots);
        table.iter().filter(|stat| stat.is_alive() && members.contains(&stat.pid)).map(Stat::identity).collect()
    }
}
