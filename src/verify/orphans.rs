//! Daemons that left their session, cleared their environment and lost their parent: nothing ties them
//! to the command that started them, but the kernel hands them to the nearest subreaper.
//!
//! While a run lasts, this process is that subreaper. Between two stages it has no other children, so
//! that whatever is its child then is such an orphan. That only holds in a process that does nothing
//! else, which is why the caller has to say so.

use std::collections::HashSet;

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};

use crate::system::proc::{ProcessIdentity, StopPatience, children_of, stop_processes};

/// This process as the parent of orphans.
pub(super) struct Orphans {
    /// Children that were there before.
    known: HashSet<u32>,
}

impl Orphans {
    /// Becomes the parent of every orphan below this process.
    pub(super) fn adopt() -> Self {
        let _ = set_child_subreaper(Some(getpid()));
        Self { known: children_of(std::process::id()).into_iter().collect() }
    }

    /// Kills what was adopted, and what of it is adopted then, until nothing is left. Blocks for the milliseconds
    /// that killed processes take to end.
    pub(super) fn kill(&self) {
        stop_processes(StopPatience::NONE, || {
            let adopted = children_of(std::process::id()).into_iter().filter(|pid| !self.known.contains(pid));
            adopted
                .filter_map(|pid| {
                    // by number, so that no other child is reaped
                    let _ = waitpid(Pid::from_raw(pid.cast_signed()), WaitOptions::NOHANG);
                    ProcessIdentity::of(pid)
                })
                .collect()
        });
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        self.kill();
        let _ = set_child_subreaper(None);
    }
}
