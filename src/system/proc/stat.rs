//! `/proc/<pid>/stat`. Source: `proc_pid_stat(5)`.

use std::fs;
use std::io::Read;

/// What the kernel says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: u32,
    /// One letter: `R`, `S`, `D`, `Z`, `T` ...
    pub state: u8,
    /// Its parent.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// The process group in the foreground of its terminal; `None` where it has no terminal.
    pub foreground: Option<u32>,
    /// Threads.
    pub threads: u32,
    /// Start time in clock ticks since boot.
    pub start_time: u64,
    /// Spent by it and by children that it has reaped, in clock ticks.
    pub cpu_ticks: u64,
    /// Resident, in pages.
    pub resident: u64,
}

impl Stat {
    /// Reads it; `None` when there is no such process.
    pub fn of(pid: u32) -> Option<Self> {
        // one call into memory on the stack: a pass over all processes reads hundreds
        let mut bytes = [0; 1024];
        let read = fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut bytes).ok()?;
        Self::parse(pid, &bytes[..read])
    }

    fn parse(pid: u32, text: &[u8]) -> Option<Self> {
        // the command may hold spaces and parentheses: fields count from the last `)`
        let rest = text.get(text.iter().rposition(|byte| *byte == b')')? + 2..)?;
        let mut fields = std::str::from_utf8(rest).ok()?.split_ascii_whitespace();
        let mut next = |skipped: usize| fields.nth(skipped);
        Some(Self {
            pid,
            state: *next(0)?.as_bytes().first()?,
            parent: next(0)?.parse().ok()?,
            group: next(0)?.parse().ok()?,
            session: next(0)?.parse().ok()?,
            foreground: next(1)?.parse().ok(),
            cpu_ticks: [next(5)?, next(0)?, next(0)?, next(0)?].iter().filter_map(|it| it.parse::<u64>().ok()).sum(),
            threads: next(2)?.parse().ok()?,
            start_time: next(1)?.parse().ok()?,
            resident: next(1)?.parse().ok()?,
        })
    }

    /// Whether it still runs; a zombie holds nothing and needs no signal.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X')
    }
}

/// The parent of a process.
pub fn parent_of(pid: u32) -> Option<u32> {
    Stat::of(pid).map(|stat| stat.parent)
}

/// Every process of the machine, zombies included.
pub fn processes() -> Vec<Stat> {
    pids().filter_map(Stat::of).collect()
}

/// Every pid of the machine.
pub(super) fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_look_like_fields() {
        let text = b"7 (a) R 1 (b) S 3 4 5 0 -1 0 0 0 0 0 10 20 1 2 20 0 6 0 99 1000 50 0";
        let stat = Stat::parse(7, text).unwrap();
        assert_eq!((stat.state, stat.parent, stat.group, stat.session), (b'S', 3, 4, 5));
        assert_eq!((stat.cpu_ticks, stat.threads, stat.start_time, stat.resident), (33, 6, 99, 50));
        assert_eq!(Stat::parse(7, b"7 (cut"), None);
        assert_eq!(Stat::parse(7, b"7 (cut)"), None);
    }
}
