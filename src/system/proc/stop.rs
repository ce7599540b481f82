//! Ending a set of processes that may fork while it is ended.
//!
//! The decisions are in [`Stop`], without processes or clocks of its own, so that blocking callers
//! ([`stop_processes`]) and the single-threaded supervisor ([`stop_processes_async`]) share them: signal whatever a
//! look finds, wait until it has ended, look again, until two looks in a row find nothing. The cost is one look a
//! round, and a round ends when all that it signalled have ended, so it grows with the number of processes.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::identity::ProcessIdentity;

/// Between two looks that find nothing. A child of the last process may be between `fork` and `exec`, and the
/// kernel's list of children may skip one while another exits.
const SECOND_LOOK: Duration = Duration::from_millis(2);

/// How long a killed process is waited for before it is looked again.
const KILL_ROUND: Duration = Duration::from_millis(500);

/// How long processes may take to end.
#[derive(Debug, Clone, Copy)]
pub struct StopPatience {
    /// After SIGTERM; with none, SIGKILL comes first.
    pub grace: Duration,
    /// After SIGKILL.
    pub kill: Duration,
}

impl StopPatience {
    /// SIGKILL at once; what survives 2 s is in the kernel and cannot be helped.
    pub const NONE: Self = Self { grace: Duration::ZERO, kill: Duration::from_secs(2) };
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Processes that were alive and are gone now.
    pub killed: Vec<ProcessIdentity>,
    /// Processes that outlived SIGKILL.
    pub survivors: Vec<ProcessIdentity>,
}

/// A stop under way.
#[derive(Debug)]
pub struct Stop {
    grace_ends: Instant,
    gives_up: Instant,
    terminated: HashSet<ProcessIdentity>,
    seen: BTreeMap<u32, ProcessIdentity>,
    found_nothing: bool,
}

/// What is to be done before the next look.
#[derive(Debug, PartialEq, Eq)]
pub enum Round {
    /// Nothing is left, or nothing more helps.
    Done(Stopped),
    /// Wait so long.
    Pause(Duration),
    /// Send these signals, then wait until all have ended, at most until then.
    Signal(Vec<(ProcessIdentity, Signal)>, Instant),
}

impl Stop {
    /// Begins; `signalled` were sent a signal to end already.
    pub fn begin(patience: StopPatience, signalled: impl IntoIterator<Item = ProcessIdentity>) -> Self {
        let grace_ends = Instant::now() + patience.grace;
        Self {
            grace_ends,
            gives_up: grace_ends + patience.kill,
            terminated: signalled.into_iter().collect(),
            seen: BTreeMap::new(),
            found_nothing: false,
        }
    }

    /// When SIGKILL comes.
    pub fn grace_ends(&self) -> Instant {
        self.grace_ends
    }

    /// Decides what follows from what a look at `now` found.
    pub fn round(&mut self, now: Instant, found: Vec<ProcessIdentity>) -> Round {
        self.seen.extend(found.iter().map(|identity| (identity.pid, identity.clone())));
        if found.is_empty() {
            if std::mem::replace(&mut self.found_nothing, true) {
                return Round::Done(self.result(found));
            }
            return Round::Pause(SECOND_LOOK);
        }
        self.found_nothing = false;
        if now >= self.gives_up {
            return Round::Done(self.result(found));
        }
        if now >= self.grace_ends {
            let until = self.gives_up.min(now + KILL_ROUND);
            return Round::Signal(found.into_iter().map(|identity| (identity, Signal::KILL)).collect(), until);
        }
        let signal = |identity: ProcessIdentity| {
            let first = self.terminated.insert(identity.clone());
            // SIGTERM once, because some programs end in disorder on the second; SIGCONT lets a stopped one end
            (identity, if first { Signal::TERM } else { Signal::CONT })
        };
        Round::Signal(found.into_iter().map(signal).collect(), self.grace_ends)
    }

    fn result(&mut self, survivors: Vec<ProcessIdentity>) -> Stopped {
        let seen = std::mem::take(&mut self.seen);
        Stopped { killed: seen.into_values().filter(|identity| !survivors.contains(identity)).collect(), survivors }
    }
}

/// Ends what `look` finds. Blocks: not for asynchronous code.
pub fn stop_processes(patience: StopPatience, mut look: impl FnMut() -> Vec<ProcessIdentity>) -> Stopped {
    let mut stop = Stop::begin(patience, []);
    loop {
        match stop.round(Instant::now(), look()) {
            Round::Done(stopped) => return stopped,
            Round::Pause(pause) => std::thread::sleep(pause),
            Round::Signal(signals, until) => {
                for (identity, signal) in &signals {
                    identity.signal(*signal);
                }
                for (identity, _) in &signals {
                    wait_for_exit(identity, until);
                }
            }
        }
    }
}

/// The same for asynchronous code.
pub async fn stop_processes_async(mut stop: Stop, mut look: impl AsyncFnMut() -> Vec<ProcessIdentity>) -> Stopped {
    loop {
        match stop.round(Instant::now(), look().await) {
            Round::Done(stopped) => return stopped,
            Round::Pause(pause) => tokio::time::sleep(pause).await,
            Round::Signal(signals, until) => {
                for (identity, signal) in &signals {
                    identity.signal(*signal);
                }
                for (identity, _) in &signals {
                    wait_for_exit_async(identity, until).await;
                }
            }
        }
    }
}

fn wait_for_exit(identity: &ProcessIdentity, until: Instant) {
    let Some(pidfd) = pidfd_of(identity, PidfdFlags::empty()) else { return };
    let limit = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
    let _ = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], limit.as_ref());
}

/// Waits until that very process has ended, or until then.
pub async fn wait_for_exit_async(identity: &ProcessIdentity, until: Instant) {
    let Some(pidfd) = pidfd_of(identity, PidfdFlags::NONBLOCK) else { return };
    // SAFETY: an `OwnedFd` keeps its descriptor open for as long as it lives.
    if let Ok(pidfd) = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) } {
        let _ = tokio::time::timeout_at(until.into(), pidfd.readable()).await;
    }
}

/// A descriptor of that very process; `None` when it does not live.
fn pidfd_of(identity: &ProcessIdentity, flags: PidfdFlags) -> Option<std::os::fd::OwnedFd> {
    let pidfd = pidfd_open(Pid::from_raw(identity.pid.cast_signed())?, flags).ok()?;
    identity.is_alive().then_some(pidfd)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn sleeper() -> std::process::Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    fn identity(child: &std::process::Child) -> ProcessIdentity {
        ProcessIdentity::of(child.id()).unwrap()
    }

    #[test]
    fn a_process_that_ignores_sigterm_is_killed_and_one_that_appears_late_too() {
        let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
        let mut deaf = Command::new("sh").args(["-c", script]).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(&mut deaf.stdout.take().unwrap(), &mut ready).unwrap();
        let mut late = sleeper();
        let (first, second) = (identity(&deaf), identity(&late));
        let mut looks = 0;
        let patience = StopPatience { grace: Duration::from_millis(50), kill: Duration::from_secs(10) };
        let stopped = stop_processes(patience, || {
            looks += 1;
            let known = if looks == 1 { vec![&first] } else { vec![&first, &second] };
            known.into_iter().filter(|identity| identity.is_alive()).cloned().collect()
        });
        assert_eq!((stopped.killed.len(), stopped.survivors.len()), (2, 0));
        deaf.wait().unwrap();
        late.wait().unwrap();
    }

    #[test]
    fn rounds_are_decided_by_what_was_found_and_when() {
        let mut child = sleeper();
        let it = identity(&child);
        let patience = StopPatience { grace: Duration::from_secs(10), kill: Duration::from_secs(5) };
        let mut stop = Stop::begin(patience, []);
        let began = Instant::now();
        let round = |stop: &mut Stop, after, found: Vec<ProcessIdentity>| stop.round(began + after, found);
        let terminated = round(&mut stop, Duration::ZERO, vec![it.clone()]);
        assert_eq!(terminated, Round::Signal(vec![(it.clone(), Signal::TERM)], stop.grace_ends));
        let again = round(&mut stop, Duration::from_secs(1), vec![it.clone()]);
        assert_eq!(again, Round::Signal(vec![(it.clone(), Signal::CONT)], stop.grace_ends));
        assert_eq!(round(&mut stop, Duration::from_secs(2), vec![]), Round::Pause(SECOND_LOOK));
        let killed = round(&mut stop, Duration::from_secs(11), vec![it.clone()]);
        assert!(matches!(killed, Round::Signal(signals, _) if signals == [(it.clone(), Signal::KILL)]));
        let survived = Stopped { killed: vec![], survivors: vec![it.clone()] };
        assert_eq!(round(&mut stop, Duration::from_secs(16), vec![it]), Round::Done(survived));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
