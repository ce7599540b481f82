//! Which process is which. A pid alone proves nothing: pids are reused, so identity is
//! (pid, start time, boot id). Source: `proc_pid_stat(5)`, field 22.

use std::fs;
use std::sync::OnceLock;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// The environment variable that marks every process of a stack; its value is [`marker_value`].
pub const MARKER: &str = "HARNESS_STACK";

/// The value of [`MARKER`] for a stack of a home.
pub fn marker_value(home_id: &str, stack: &str) -> String {
    format!("{home_id}/{stack}")
}

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
        let (state, start_time) = stat(pid)?;
        (state != b'Z' && state != b'X').then(|| Self { pid, start_time, boot_id: boot_id().to_owned() })
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

/// The id of this boot of the kernel.
pub fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned())
}

/// State letter and start time of a process.
fn stat(pid: u32) -> Option<(u8, u64)> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // the command may hold spaces and parentheses: fields count from the last `)`
    let rest = &text[text.iter().rposition(|byte| *byte == b')')? + 2..];
    let mut fields = std::str::from_utf8(rest).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Every live process whose initial environment holds `MARKER=value`.
pub fn processes_with_marker(value: &str) -> Vec<ProcessIdentity> {
    processes_with_variable(MARKER, value)
}

/// Every live process whose initial environment holds `name=value`.
pub fn processes_with_variable(name: &str, value: &str) -> Vec<ProcessIdentity> {
    marked(name).filter(|(_, found)| found == value).filter_map(|(pid, _)| ProcessIdentity::of(pid)).collect()
}

/// The stacks of a home that have a live process, by the environment marker.
pub fn marked_stacks(home_id: &str) -> Vec<String> {
    let prefix = marker_value(home_id, "");
    let mut stacks: Vec<String> =
        marked(MARKER).filter_map(|(_, value)| value.strip_prefix(&prefix).map(ToOwned::to_owned)).collect();
    stacks.sort_unstable();
    stacks.dedup();
    stacks
}

/// Every process that bears the marker `variable`, with its value. Environments of other users stay unseen.
fn marked(variable: &str) -> impl Iterator<Item = (u32, String)> {
    let pids = fs::read_dir("/proc").into_iter().flatten();
    pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()).filter_map(move |pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let mut items = environment.split(|byte| *byte == 0);
        let value = items.find_map(|item| item.strip_prefix(variable.as_bytes())?.strip_prefix(b"="))?;
        Some((pid, String::from_utf8(value.to_vec()).ok()?))
    })
}
