//! Who belongs to a process: what `/proc` says of parents, groups and sessions.
//!
//! Two ways of looking. [`descendants`] walks `/proc/<pid>/task/<pid>/children`, a few dozen microseconds
//! for a stack; below a guardian that has been subreaper all along this is complete, since an orphan of
//! the stack becomes the guardian's child whatever sessions it opens and whatever environment it wipes.
//! [`everyone`] reads the whole of `/proc`, for the time after a guardian died, when orphans may hang
//! below init.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;

use crate::system::{MARKER, ProcessIdentity, boot_id};

/// What `proc_pid_stat(5)` says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: u32,
    pub(crate) state: u8,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    pub(crate) threads: u32,
    pub(crate) start_time: u64,
    /// Spent by it and by children that it has reaped, in clock ticks.
    pub(crate) cpu_ticks: u64,
    /// Resident, in pages.
    pub(crate) resident: u64,
}

impl Stat {
    /// Reads it; `None` when there is no such process.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let mut bytes = [0; 1024];
        let read = fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut bytes).ok()?;
        let text = &bytes[..read];
        // the command may hold spaces and parentheses: fields count from the last `)`
        let rest = &text[text.iter().rposition(|byte| *byte == b')')? + 2..];
        let mut fields = std::str::from_utf8(rest).ok()?.split_ascii_whitespace();
        let mut next = |skipped: usize| fields.nth(skipped);
        Some(Self {
            pid,
            state: *next(0)?.as_bytes().first()?,
            parent: next(0)?.parse().ok()?,
            group: next(0)?.parse().ok()?,
            session: next(0)?.parse().ok()?,
            cpu_ticks: [next(7)?, next(0)?, next(0)?, next(0)?].iter().filter_map(|it| it.parse::<u64>().ok()).sum(),
            threads: next(2)?.parse().ok()?,
            start_time: next(1)?.parse().ok()?,
            resident: next(1)?.parse().ok()?,
        })
    }

    /// Whether it still runs; a zombie holds nothing and needs no signal.
    pub(crate) fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X')
    }

    /// The identity to signal it by.
    pub(crate) fn identity(&self) -> ProcessIdentity {
        ProcessIdentity { pid: self.pid, start_time: self.start_time, boot_id: boot_id().to_owned() }
    }
}

/// The parent of a process.
pub(crate) fn parent_of(pid: u32) -> Option<u32> {
    Stat::of(pid).map(|stat| stat.parent)
}

/// The children of a process; those of its first thread only when it has no other. `None` where the kernel
/// does not tell.
fn children_of(pid: u32, has_threads: bool) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    add_children(&format!("/proc/{pid}/task/{pid}/children"), &mut all)?;
    if has_threads {
        for entry in fs::read_dir(format!("/proc/{pid}/task")).ok()?.filter_map(Result::ok) {
            let thread = entry.file_name();
            if thread.to_str().is_some_and(|thread| thread.parse() != Ok(pid)) {
                add_children(&format!("{}/children", entry.path().display()), &mut all);
            }
        }
    }
    Some(all)
}

/// Adds the pids that a list of the kernel's holds. Such a file has no size that could be asked for first.
fn add_children(path: &str, all: &mut Vec<u32>) -> Option<()> {
    let mut file = fs::File::open(path).ok()?;
    let mut bytes = [0; 4096];
    let mut number = None;
    loop {
        let read = file.read(&mut bytes).ok()?;
        for byte in &bytes[..read] {
            if byte.is_ascii_digit() {
                number = Some(number.unwrap_or(0) * 10 + u32::from(byte - b'0'));
            } else {
                all.extend(number.take());
            }
        }
        if read == 0 {
            all.extend(number);
            return Some(());
        }
    }
}

/// Whether the kernel lists children (`CONFIG_PROC_CHILDREN`).
pub(crate) fn lists_children() -> bool {
    fs::metadata("/proc/self/task").is_ok()
        && fs::metadata(format!("/proc/self/task/{}/children", std::process::id())).is_ok()
}

/// Everything below `roots`, the roots themselves left out. The kernel may skip a child while a sibling
/// exits, so an empty answer proves something only when it is repeated.
pub(crate) fn descendants(roots: &[u32]) -> Vec<Stat> {
    let mut found: Vec<Stat> = Vec::new();
    let mut seen: BTreeSet<u32> = roots.iter().copied().collect();
    let mut open: Vec<(u32, bool)> = roots.iter().map(|pid| (*pid, true)).collect();
    while let Some((parent, has_threads)) = open.pop() {
        for child in children_of(parent, has_threads).unwrap_or_default() {
            if !seen.insert(child) {
                continue;
            }
            if let Some(stat) = Stat::of(child) {
                found.push(stat);
                // what is dead has no children any more, unless threads of it live on
                if stat.is_alive() || stat.threads > 1 {
                    open.push((child, stat.threads > 1));
                }
            }
        }
    }
    found
}

/// Every process of the machine.
pub(crate) fn everyone() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter_map(Stat::of).collect()
}

/// Variable that names the supervised process a program was started for, beside [`MARKER`].
pub(crate) const PROCESS_MARKER: &str = "HARNESS_PROCESS";

/// What a program was born with: the stack's marker and the process's name.
pub(crate) fn markers_of(pid: u32) -> Option<(String, Option<String>)> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = |name: &str| {
        bytes.split(|byte| *byte == 0).find_map(|item| {
            let rest = item.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(String::from_utf8_lossy(rest).into_owned())
        })
    };
    Some((value(MARKER)?, value(PROCESS_MARKER)))
}

/// The command line of a process, arguments joined by spaces.
pub(crate) fn command_of(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> =
        bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_both_ways() {
        let mut child = std::process::Command::new("sleep").arg("60").env(PROCESS_MARKER, "api").spawn().unwrap();
        let own = std::process::id();
        let is_child = |stat: &Stat| stat.pid == child.id() && stat.parent == own;
        assert!(everyone().iter().any(is_child));
        if lists_children() {
            assert!(descendants(&[own]).iter().any(is_child));
        }
        let stat = Stat::of(child.id()).unwrap();
        assert_eq!(Some(stat.identity()), ProcessIdentity::of(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(Stat::of(child.id()), None);
    }
}
