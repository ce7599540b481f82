//! What supervised processes use of the machine, each with its whole tree, by what `/proc` says.

use std::collections::BTreeMap;
use std::fs;

use rustix::time::{ClockId, clock_gettime};

use super::process_tree::ProcessTrees;
use super::snapshot::StackSnapshot;
use crate::system::proc::{ProcessIdentity, Stat, descendants};

/// What one process and everything that belongs to it use.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU since the leader started, in percent of one core.
    pub cpu_percent: f32,
    /// CPU spent by the living and by their reaped children, in milliseconds.
    pub cpu_ms: u64,
    /// Resident memory in bytes; pages that processes share count once for each.
    pub memory_bytes: u64,
    /// Proportional memory in bytes; `None` where it was not asked for or may not be read.
    pub pss_bytes: Option<u64>,
    /// Threads.
    pub threads: u32,
    /// Processes, the leader included.
    pub processes: u32,
    /// Open file descriptors; `None` where they were not asked for or may not be read.
    pub open_files: Option<u32>,
}

/// What a stack uses.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StackUsage {
    /// By name; processes of which nothing lives are left out.
    pub processes: BTreeMap<String, Usage>,
    /// Supervisor and guardian together.
    pub supervisor: Usage,
}

/// The usage of each leader and its descendants, in the order of `leaders`; `None` for one that does not
/// live. Cheap: neither proportional memory nor open files.
pub fn stats(leaders: &[ProcessIdentity]) -> Vec<Option<Usage>> {
    leaders.iter().map(|leader| tree_of(leader).map(|members| measure(&members, false))).collect()
}

/// The usage of a stack whose supervisor says `snapshot`, with everything that can be read: also of what
/// has left the descent of its leader.
pub fn stack_stats(home_id: &str, snapshot: &StackSnapshot) -> StackUsage {
    let trees = ProcessTrees::new(home_id, &snapshot.stack, snapshot.guardian.as_ref(), snapshot.is_complete());
    let own = std::iter::once(&snapshot.supervisor).chain(&snapshot.guardian);
    let supervision: Vec<Stat> = own.filter_map(|identity| Stat::of(identity.pid)).collect();
    let mut usage = StackUsage { processes: BTreeMap::new(), supervisor: measure(&supervision, true) };
    for (name, process) in &snapshot.processes {
        let members = trees.members(name, process.process.as_ref());
        if !members.is_empty() {
            usage.processes.insert(name.clone(), measure(&members, true));
        }
    }
    usage
}

fn tree_of(leader: &ProcessIdentity) -> Option<Vec<Stat>> {
    let own = Stat::of(leader.pid).filter(|stat| stat.is_alive() && stat.identity() == *leader)?;
    let mut members = vec![own];
    members.extend(descendants(&[leader.pid]));
    Some(members)
}

/// Adds processes up; the first one is the leader, or the oldest that is left.
fn measure(members: &[Stat], thorough: bool) -> Usage {
    let mut usage = Usage::default();
    let ticks: u64 = members.iter().map(|member| member.cpu_ticks).sum();
    let started = members.iter().map(|member| member.start_time).min().unwrap_or_default();
    let second = ticks_per_second();
    usage.cpu_ms = ticks * 1000 / second;
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // a percentage for people
    {
        let age = (seconds_since_boot() - started as f64 / second as f64).max(0.01);
        usage.cpu_percent = (ticks as f64 / second as f64 / age * 100.0) as f32;
    }
    for member in members {
        usage.threads += member.threads;
        usage.processes += 1;
        usage.memory_bytes += member.resident * page_size();
    }
    if thorough {
        usage.pss_bytes = members.iter().map(|member| proportional_memory(member.pid)).sum();
        usage.open_files = members.iter().map(|member| open_files(member.pid)).sum();
    }
    usage
}

fn seconds_since_boot() -> f64 {
    let time = clock_gettime(ClockId::Boottime);
    #[allow(clippy::cast_precision_loss)] // 2^53 seconds are enough
    {
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    }
}

/// Milliseconds since a process was started; `None` when it does not live.
pub fn age_ms(identity: &ProcessIdentity) -> Option<i64> {
    let now = clock_gettime(ClockId::Boottime);
    let started = i64::try_from(identity.start_time * 1000 / ticks_per_second()).ok()?;
    identity.is_alive().then_some((now.tv_sec * 1000 + now.tv_nsec / 1_000_000 - started).max(0))
}

/// `USER_HZ`.
pub(crate) fn ticks_per_second() -> u64 {
    // SAFETY: asks for a constant of the machine.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100).max(1)
}

fn page_size() -> u64 {
    // SAFETY: asks for a constant of the machine.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// `None` when the process is another user's.
pub(crate) fn proportional_memory(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(kilobytes.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

fn open_files(pid: u32) -> Option<u32> {
    u32::try_from(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()).ok()
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
        let all = measure(&tree_of(&identity).unwrap(), true);
        assert!(all.pss_bytes.unwrap() > 10_000 && all.pss_bytes.unwrap() <= all.memory_bytes, "{all:?}");
        assert!(all.open_files.unwrap() >= 6, "two processes with three descriptors each: {all:?}");
        for stat in descendants(&[shell.id()]) {
            stat.identity().signal(rustix::process::Signal::KILL);
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(stats(&[identity]), [None]);
    }

    #[test]
    fn cpu_is_counted_in_time_and_as_a_share() {
        let mut busy = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let identity = ProcessIdentity::of(busy.id()).unwrap();
        let spent = || stats(std::slice::from_ref(&identity))[0].unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while spent().cpu_ms < 100 && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        let usage = spent();
        busy.kill().unwrap();
        busy.wait().unwrap();
        assert!(usage.cpu_ms >= 100 && usage.cpu_percent > 0.0 && usage.cpu_percent < 110.0, "{usage:?}");
    }
}
