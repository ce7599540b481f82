//! Everything that one command started: its session, what has its marker in the environment, and the descendants
//! of both.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::Signal;

use super::proc::{
    ProcessIdentity, Stat, Stop, StopPatience, processes, stop_processes, stop_processes_async, variables_of,
    with_descendants,
};

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

    /// Kills the tree. Blocks, for the milliseconds that killed processes take to end.
    pub(super) fn kill(&self) {
        stop_processes(StopPatience::NONE, || self.members());
    }

    /// The same for asynchronous code.
    pub(super) async fn kill_async(&self) {
        stop_processes_async(Stop::begin(StopPatience::NONE, []), async || self.members()).await;
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
