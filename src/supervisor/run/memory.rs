//! Whether the kernel killed: out of memory: the counter `oom_kill` of `/proc/vmstat`, which counts kills of
//! the whole machine and of every memory cgroup alike (`CONFIG_MEMCG` is not needed, nor any right).
//!
//! A SIGKILL that harness did not send, in a moment in which that counter grew, is taken for one. Another
//! program that was killed because the machine ran out of memory in the same moment as ours was killed by hand would mislead it;
//! `/dev/kmsg` would not, but ordinary users may not read it.

use std::fs;

/// The counter as it was last seen.
#[derive(Debug)]
pub(super) struct OutOfMemory {
    seen: u64,
}

impl OutOfMemory {
    pub(super) fn new() -> Self {
        Self { seen: kills() }
    }

    /// Whether the kernel has killed: out of memory since the last look.
    pub(super) fn has_struck(&mut self) -> bool {
        let now = kills();
        std::mem::replace(&mut self.seen, now) < now
    }
}

fn kills() -> u64 {
    let text = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or(0)
}
