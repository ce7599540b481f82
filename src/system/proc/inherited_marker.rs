//! A marker that a process cannot shed by accident: the resource limit for file locks.
//!
//! Programs leave their session, overwrite their environment (`setproctitle`) or wipe it (`env -i`), and lose their
//! parent. Resource limits pass through all of this: they are inherited by `fork`, kept by `exec`, and shown to
//! everyone in `/proc/<pid>/limits`. Linux has not enforced `RLIMIT_LOCKS` since 2.4, so its two values are free to
//! carry a marker: the soft limit says which stack, the hard limit which process of it. Both are hashes and far
//! larger than any limit that is meant as one.
//!
//! It is one way among several. A process that runs as an ordinary user below another stack cannot raise the hard
//! limit again and has none; the environment marker is enough then.

use std::fs;

use rustix::process::{Resource, Rlimit, setrlimit};
use sha2::{Digest, Sha256};

/// The marker of one process of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InheritedMarker {
    /// Says which stack: 2^60 or more, less than 2^61.
    pub stack: u64,
    /// Says which process: 2^61 or more, less than 2^62.
    pub process: u64,
}

const STACK_BIT: u64 = 1 << 60;
const PROCESS_BIT: u64 = 1 << 61;

impl InheritedMarker {
    /// The marker of a process by the value of the stack's environment marker and its own name.
    pub fn new(marker: &str, process: &str) -> Self {
        let hash = |text: &str| {
            let digest = Sha256::digest(text.as_bytes());
            u64::from_be_bytes(digest[..8].try_into().unwrap_or_default())
        };
        Self {
            stack: hash(marker) & (STACK_BIT - 1) | STACK_BIT,
            process: hash(&format!("{marker}/{process}")) & (PROCESS_BIT - 1) | PROCESS_BIT,
        }
    }

    /// The marker of a live process; `None` when it carries none. Readable for processes of every user.
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/limits")).ok()?)
    }

    fn parse(limits: &str) -> Option<Self> {
        let values = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
        let mut values = values.split_ascii_whitespace();
        let mut value = || values.next()?.parse::<u64>().ok();
        let (stack, process) = (value()?, value()?);
        let is_marker = (STACK_BIT..PROCESS_BIT).contains(&stack) && (PROCESS_BIT..PROCESS_BIT << 1).contains(&process);
        is_marker.then_some(Self { stack, process })
    }

    /// Marks the calling process and all that it will start. Async-signal-safe. Fails without consequence where an
    /// outer stack's marker may not be replaced.
    pub fn set(self) {
        let _ = setrlimit(Resource::Locks, Rlimit { current: Some(self.stack), maximum: Some(self.process) });
    }
}

/// Takes the marker of an outer stack off this process, so that nothing that it starts counts as that stack's. Root can
/// lift the limit again; another user can only lower it out of the range of markers, and its own stacks are then found
/// without this one.
pub fn shed_inherited_marker() {
    if InheritedMarker::of(std::process::id()).is_some()
        && setrlimit(Resource::Locks, Rlimit { current: None, maximum: None }).is_err()
    {
        let _ = setrlimit(Resource::Locks, Rlimit { current: Some(STACK_BIT - 1), maximum: Some(STACK_BIT - 1) });
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn the_marker_outlives_session_environment_and_parent() {
        let marker = InheritedMarker::new("home/agent-3", "api");
        assert_ne!(marker.process, InheritedMarker::new("home/agent-3", "web").process);
        assert_ne!(marker.stack, InheritedMarker::new("home/agent-4", "api").stack);
        let mut command = std::process::Command::new("env");
        command.args(["-i", "setsid", "sleep", "60"]);
        // SAFETY: one system call on a copied value.
        unsafe {
            command.pre_exec(move || {
                marker.set();
                Ok(())
            });
        }
        let mut child = command.spawn().unwrap();
        assert_eq!(InheritedMarker::of(child.id()), Some(marker));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(InheritedMarker::of(std::process::id()), None, "a decoy: the test itself");
    }

    #[test]
    fn ordinary_limits_are_no_marker() {
        let parsed = |soft: &str, hard: &str| InheritedMarker::parse(&format!("Max file locks {soft} {hard} locks\n"));
        assert_eq!(parsed("unlimited", "unlimited"), None);
        assert_eq!(parsed("1024", "4096"), None);
        assert_eq!(parsed("1152921504606846983", "unlimited"), None);
        assert!(parsed("1152921504606846983", "2305843009213693959").is_some());
    }
}
