//! Everything that one program started: its session, whoever carries its mark in the environment,
//! and the descendants of both.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use super::ProcessIdentity;

/// How often it is looked again for processes that were being born.
const ROUNDS: u32 = 50;

/// The processes of one program.
#[derive(Debug)]
pub(super) struct ProcessTree {
    leader: u32,
    mark: String,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl ProcessTree {
    /// The variable that carries the mark.
    pub(super) const VARIABLE: &'static str = "HARNESS_COMMAND";

    /// A mark that no other program on this machine has had since boot.
    pub(super) fn new_marker() -> String {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let nanoseconds = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        format!("{}.{number}.{}{:09}", std::process::id(), nanoseconds.tv_sec, nanoseconds.tv_nsec)
    }

    /// The tree of the session leader `leader`, which must not have been reaped.
    pub(super) fn new(leader: u32, mark: String) -> Self {
        Self { leader, mark }
    }

    /// Signals every process of the tree once; says how many there were.
    pub(super) fn signal(&self, signal: Signal) -> usize {
        self.members().iter().filter(|member| member.signal(signal)).count()
    }

    /// Kills the tree and looks again until nothing is left.
    pub(super) fn kill(&self) {
        for _ in 0..ROUNDS {
            if self.signal(Signal::KILL) == 0 {
                return;
            }
            // killed processes need a moment to become zombies
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn members(&self) -> Vec<ProcessIdentity> {
        let table = process_table();
        let Some(began) = table.iter().find(|row| row.pid == self.leader).map(|row| row.start_time) else {
            return Vec::new();
        };
        let wanted = format!("{}={}", Self::VARIABLE, self.mark);
        // nothing that is older than the leader can come from it, so few environments are read
        let mut found: HashSet<u32> = table
            .iter()
            .filter(|row| row.start_time >= began && (row.session == self.leader || carries(row.pid, &wanted)))
            .map(|row| row.pid)
            .collect();
        loop {
            let children: Vec<u32> = table
                .iter()
                .filter(|row| found.contains(&row.parent) && !found.contains(&row.pid))
                .map(|row| row.pid)
                .collect();
            if children.is_empty() {
                return found.into_iter().filter_map(ProcessIdentity::of).collect();
            }
            found.extend(children);
        }
    }
}

/// What `proc_pid_stat(5)` says of a process.
struct Row {
    pid: u32,
    parent: u32,
    session: u32,
    start_time: u64,
}

fn process_table() -> Vec<Row> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    // there are hundreds: what is read of each is one call, into the same memory
    let mut text = [0; 1024];
    entries.filter_map(|entry| row(entry.ok()?.file_name().to_str()?.parse().ok()?, &mut text)).collect()
}

fn row(pid: u32, text: &mut [u8]) -> Option<Row> {
    let length = fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(text).ok()?;
    let text = &text[..length];
    // the command may hold spaces and parentheses: fields count from the last `)`
    let rest = &text[text.iter().rposition(|byte| *byte == b')')? + 2..];
    let fields: Vec<&str> = std::str::from_utf8(rest).ok()?.split_ascii_whitespace().collect();
    Some(Row {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start_time: fields.get(19)?.parse().ok()?,
    })
}

fn carries(pid: u32, wanted: &str) -> bool {
    fs::read(Path::new("/proc").join(pid.to_string()).join("environ"))
        .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|item| item == wanted.as_bytes()))
}
