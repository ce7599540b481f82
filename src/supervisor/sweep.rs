//! What is left when guardian and supervisor are both dead.
//!
//! The stack's processes are then found by the environment marker that each was started with, by the marker that they
//! inherited, and by the record of identities. All are exact: the markers hold the home's id and the stack's whole
//! name, an identity holds start time and boot id.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::lock::lock;
use super::record::Record;
use super::{Result, record, trio};
use crate::system::proc::{
    ProcessIdentity, StopPatience, Stopped, marker_value, parent_of, processes_with_marker, stop_processes,
};
use crate::system::{self, Deadline};

/// How long a swept process may take after SIGTERM, and after SIGKILL.
const PATIENCE: StopPatience = StopPatience { grace: Duration::from_secs(3), kill: Duration::from_secs(5) };

/// How long a trio may take to vanish after it was killed.
const PASSING: Duration = Duration::from_secs(1);

/// By then a dead supervisor's socket has hung up; a live one waits for a request.
const ATTENTION: Duration = Duration::from_millis(200);

/// What a sweep found.
pub type SweepReport = Stopped;

/// Ends every process of `stack` in a directory that no supervisor rules any more. Does nothing while one does.
pub async fn sweep(home_id: &str, directory: &Path, stack: &str) -> Result<SweepReport> {
    let (home_id, directory, stack) = (home_id.to_owned(), directory.to_owned(), stack.to_owned());
    off_thread(move || sweep_blocking(&home_id, &directory, &stack)).await
}

/// The same as [`sweep_locked`], off the asynchronous thread.
pub(crate) async fn sweep_locked_async(home_id: &str, directory: &Path, stack: &str) -> Result<SweepReport> {
    let (home_id, directory, stack) = (home_id.to_owned(), directory.to_owned(), stack.to_owned());
    off_thread(move || Ok(sweep_locked(&home_id, &directory, &stack))).await
}

/// A sweep waits for processes to end; meanwhile the caller still hears signals and has its deadlines.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(system::Error::call("sweep the stack")(std::io::Error::other(error)).into()),
    }
}

/// The same for a caller without a runtime.
pub fn sweep_blocking(home_id: &str, directory: &Path, stack: &str) -> Result<SweepReport> {
    if !directory.is_dir() {
        return Ok(end(home_id, stack, &Record::default()));
    }
    let deadline = Deadline::after("the lock of the stack", PASSING);
    loop {
        if let Some(_lock) = lock(directory)? {
            return Ok(sweep_locked(home_id, directory, stack));
        }
        if trio::end_unfinished_starts(directory) {
            continue;
        }
        // a guardian that was stopped as its supervisor ended holds the lock
        trio::mend(directory);
        // a trio that was killed holds its lock until the kernel has taken it apart
        let ruled = super::socket::connect_to(directory)?.is_some_and(|stream| is_attended(&stream));
        if ruled || deadline.passed() {
            return Ok(SweepReport::default());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The processes that dead supervisors left in a directory, by name, as far as they were written down.
pub fn survivors(directory: &Path) -> BTreeMap<String, ProcessIdentity> {
    record::read(directory).processes.into_iter().filter(|(_, process)| process.is_alive()).collect()
}

/// Whether a supervisor lives at the other end: the socket of one that is being taken apart accepts too, and hangs up a
/// moment later.
fn is_attended(stream: &UnixStream) -> bool {
    let limit = Timespec::try_from(ATTENTION).ok();
    matches!(poll(&mut [PollFd::new(stream, PollFlags::IN)], limit.as_ref()), Ok(0))
}

/// Ends a stack whose supervisor does not answer, with all that it runs: guardian and supervisor first, by identity, so
/// that neither starts the other again.
pub async fn end_silent(home_id: &str, directory: &Path, stack: &str) -> Result<SweepReport> {
    let (home_id, directory, stack) = (home_id.to_owned(), directory.to_owned(), stack.to_owned());
    off_thread(move || {
        trio::end(&directory);
        sweep_blocking(&home_id, &directory, &stack)
    })
    .await
}

/// The same as [`sweep`] for a caller who holds the stack's lock.
pub(crate) fn sweep_locked(home_id: &str, directory: &Path, stack: &str) -> SweepReport {
    let report = end(home_id, stack, &record::read(directory));
    record::remove(directory);
    super::socket::remove_from(directory);
    report
}

fn end(home_id: &str, stack: &str, record: &Record) -> SweepReport {
    let marker = marker_value(home_id, stack);
    let spared = own_line();
    stop_processes(PATIENCE, || {
        let mut left = processes_with_marker(&marker);
        left.extend(record.processes.values().filter(|identity| identity.is_alive()).cloned());
        left.retain(|identity| !spared.contains(&identity.pid));
        left.sort_by_key(|identity| identity.pid);
        left.dedup();
        left
    })
}

/// This process and its ancestors: a command may be run from inside the stack that it sweeps.
fn own_line() -> Vec<u32> {
    let mut line = vec![std::process::id()];
    while let Some(parent) = line.last().and_then(|pid| parent_of(*pid)).filter(|pid| *pid > 0) {
        line.push(parent);
    }
    line
}
