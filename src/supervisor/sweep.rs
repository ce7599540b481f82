//! What is left when guardian and supervisor are both dead.
//!
//! Then no parent knows the stack's processes any more; what tells them apart is the environment marker
//! that each was born with, and the record of identities. Both are exact: the marker holds the home's id
//! and the stack's whole name, an identity holds start time and boot id.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::record::Record;
use super::{Result, record};
use crate::system::proc::{ProcessIdentity, marker_value, parent_of, processes_with_marker};

/// How long a swept process may take after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// Longer than a program takes to get its environment.
const EXEC: Duration = Duration::from_millis(5);

/// How long a trio may take to vanish after it was killed.
const PASSING: Duration = Duration::from_secs(1);

/// By then a dead supervisor's socket has hung up; a live one waits for a request.
const ATTENTION: Duration = Duration::from_millis(200);

/// What a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Processes that were alive and are gone now.
    pub killed: Vec<ProcessIdentity>,
    /// Processes that outlived SIGKILL.
    pub survivors: Vec<ProcessIdentity>,
}

/// Ends every process of `stack` in a directory that no supervisor rules any more. Does nothing while one
/// does.
pub fn sweep(home_id: &str, directory: &Path, stack: &str) -> Result<SweepReport> {
    if !directory.is_dir() {
        return Ok(kill(home_id, stack, &Record::default()));
    }
    let deadline = Instant::now() + PASSING;
    loop {
        if let Some(_lock) = super::launcher::lock(directory)? {
            return Ok(sweep_locked(home_id, directory, stack));
        }
        // a trio that was killed holds its lock until the kernel has taken it apart
        let ruled = super::socket::connect_to(directory)?.is_some_and(|stream| is_attended(&stream));
        if ruled || Instant::now() > deadline {
            return Ok(SweepReport::default());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether somebody lives at the other end: the socket of a supervisor that is being taken apart accepts too, and hangs
/// up a moment later.
fn is_attended(stream: &UnixStream) -> bool {
    let limit = Timespec::try_from(ATTENTION).ok();
    matches!(poll(&mut [PollFd::new(stream, PollFlags::IN)], limit.as_ref()), Ok(0))
}

/// The same for a caller who holds the stack's lock.
pub(crate) fn sweep_locked(home_id: &str, directory: &Path, stack: &str) -> SweepReport {
    let report = kill(home_id, stack, &record::read(directory));
    record::remove(directory);
    super::socket::remove_from(directory);
    report
}

fn kill(home_id: &str, stack: &str, record: &Record) -> SweepReport {
    let marker = marker_value(home_id, stack);
    let spared = own_line();
    let mut seen: BTreeMap<u32, ProcessIdentity> = BTreeMap::new();
    let deadline = Instant::now() + GRACE;
    let mut was_empty = false;
    for round in 0.. {
        let mut left: Vec<ProcessIdentity> = processes_with_marker(&marker);
        left.extend(record.processes.values().filter(|identity| identity.is_alive()).cloned());
        left.retain(|identity| !spared.contains(&identity.pid));
        left.sort_by_key(|identity| identity.pid);
        left.dedup();
        seen.extend(left.iter().map(|identity| (identity.pid, identity.clone())));
        let overdue = Instant::now() >= deadline;
        if left.is_empty() && !seen.is_empty() && !was_empty {
            // a child of the last one may have been in the midst of `exec`, where it bears no environment
            was_empty = true;
            std::thread::sleep(EXEC);
            continue;
        }
        was_empty = false;
        // members may fork while they are killed, so look again; give up on what even SIGKILL does not end
        if left.is_empty() || (overdue && round > 20) {
            let killed = seen.into_values().filter(|identity| !left.contains(identity)).collect();
            return SweepReport { killed, survivors: left };
        }
        for identity in &left {
            identity.signal(if overdue { Signal::KILL } else { Signal::TERM });
        }
        let patience =
            if overdue { Duration::from_millis(200) } else { deadline.saturating_duration_since(Instant::now()) };
        wait_for_exits(&left, patience);
    }
    unreachable!("the loop ends by return")
}

/// This process and its ancestors: a command may be run from inside the stack that it sweeps.
fn own_line() -> Vec<u32> {
    let mut line = vec![std::process::id()];
    while let Some(parent) = line.last().and_then(|pid| parent_of(*pid)).filter(|pid| *pid > 0) {
        line.push(parent);
    }
    line
}

fn wait_for_exits(identities: &[ProcessIdentity], patience: Duration) {
    let deadline = Instant::now() + patience;
    for identity in identities {
        let Some(pid) = Pid::from_raw(identity.pid.cast_signed()) else { continue };
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        if identity.is_alive() {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).ok();
            let _ = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], limit.as_ref());
        }
    }
}
