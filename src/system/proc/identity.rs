//! Which process is which. Pids are reused, so a process is identified by (pid, start time, boot id).

use std::fs;
use std::sync::OnceLock;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

use super::stat::Stat;

/// A process, as it can be recognised later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
    /// The boot in which pid and start time mean something.
    pub boot_id: String,
}

impl ProcessIdentity {
    /// The identity of a live process; `None` when there is none with this pid, or it is a zombie.
    pub fn of(pid: u32) -> Option<Self> {
        Stat::of(pid).filter(Stat::is_alive).map(|stat| stat.identity())
    }

    /// Whether that very process is alive now.
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Signals that very process. Says whether it was there to be signalled; a reused pid is never hit,
    /// because the pidfd is opened before the identity is compared.
    pub fn signal(&self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid.cast_signed()) else { return false };
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        self.is_alive() && pidfd_send_signal(descriptor, signal).is_ok()
    }
}

impl Stat {
    /// The identity to signal it by.
    pub fn identity(&self) -> ProcessIdentity {
        ProcessIdentity { pid: self.pid, start_time: self.start_time, boot_id: boot_id().to_owned() }
    }
}

/// The id of this boot of the kernel.
pub fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned())
}
