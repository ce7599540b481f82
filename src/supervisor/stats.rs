//! What supervised processes use of the machine, each with its whole tree.

use std::collections::HashMap;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::tree::{self, Stat};
use crate::system::ProcessIdentity;

/// What one process and its descendants use.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU since the leader started, in percent of one core.
    pub cpu_percent: f32,
    /// Resident memory in bytes; pages that processes share count once for each.
    pub memory_bytes: u64,
    /// Threads.
    pub threads: u32,
    /// Processes, the leader included.
    pub processes: u32,
}

/// The usage of each leader's tree, in the order of `leaders`; `None` for one that does not live. Reads
/// only these processes, not the whole machine.
pub fn stats(leaders: &[ProcessIdentity]) -> Vec<Option<Usage>> {
    let trees: Vec<Option<Vec<Stat>>> = leaders.iter().map(tree_of).collect();
    let pids: Vec<Pid> = trees.iter().flatten().flatten().map(|stat| Pid::from_u32(stat.pid)).collect();
    let Ok(mut system) = System::new() else { return vec![None; leaders.len()] };
    let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), false, wanted);
    let known: HashMap<u32, &sysinfo::Process> =
        system.processes().iter().map(|(pid, process)| (pid.as_u32(), process)).collect();
    trees.into_iter().map(|tree| tree.map(|members| sum(&members, &known))).collect()
}

fn tree_of(leader: &ProcessIdentity) -> Option<Vec<Stat>> {
    let own = Stat::of(leader.pid).filter(|stat| stat.is_alive() && stat.identity() == *leader)?;
    let mut members = vec![own];
    members.extend(tree::descendants(&[leader.pid]));
    Some(members)
}

fn sum(members: &[Stat], known: &HashMap<u32, &sysinfo::Process>) -> Usage {
    let mut usage = Usage::default();
    let mut cpu_ms = 0;
    for member in members {
        usage.threads += member.threads;
        usage.processes += 1;
        if let Some(process) = known.get(&member.pid) {
            usage.memory_bytes += process.memory();
            cpu_ms += process.accumulated_cpu_time();
        }
    }
    let run_time = members.first().and_then(|leader| known.get(&leader.pid)).map_or(0, |leader| leader.run_time());
    #[allow(clippy::cast_precision_loss)] // a percentage for people
    if run_time > 0 {
        usage.cpu_percent = cpu_ms as f32 / 10.0 / run_time as f32;
    }
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_counted_with_its_children_and_a_dead_one_is_not() {
        let mut shell = std::process::Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let identity = ProcessIdentity::of(shell.id()).unwrap();
        let counted = || stats(std::slice::from_ref(&identity))[0].map_or(0, |usage| usage.processes);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while counted() < 2 && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        let usage = stats(std::slice::from_ref(&identity))[0].unwrap();
        assert_eq!((usage.processes, usage.threads), (2, 2));
        assert!(usage.memory_bytes > 100_000);
        for stat in tree::descendants(&[shell.id()]) {
            stat.identity().signal(rustix::process::Signal::KILL);
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(stats(&[identity]), [None]);
    }
}
