//! What spares may cost: room on the server's disk, and time of the machine.
//!
//! Both are asked for where the server is, by a program that it runs: its data may be in a container, or belong to
//! another user.

use super::super::Result;
use super::super::connection::{Connection, text};

/// Where less is free, there are no spares: from here on `doctor` reports an error.
const LEAST_FREE: u64 = 1 << 30;
/// A spare takes at most this part of what is free.
const PART: u64 = 10;

/// The room on the disk that holds the server's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Free bytes; none where that is not known.
    free: u64,
}

impl Room {
    /// Asks the server. A disk that does not tell has no room.
    pub(super) async fn of(connection: &Connection) -> Result<Self> {
        let sql = "CREATE TEMP TABLE harness_room (line text) ON COMMIT DROP;
                   COPY harness_room FROM PROGRAM 'df -Pk . | tail -n 1';
                   SELECT line FROM harness_room";
        let results = connection.results("ask for room on the server's disk", sql).await?;
        let line = results.iter().flatten().next().map(|row| text(row, "line")).unwrap_or_default();
        Ok(Self::read(&line))
    }

    /// Reads a line of `df -Pk`: device, size, used, available, in KiB.
    fn read(line: &str) -> Self {
        let numbers: Vec<u64> = line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [_, _, available, ..] = numbers[..] else { return Self { free: 0 } };
        Self { free: available * 1024 }
    }

    /// Why no spare of this size can be made; `None` if one can.
    pub(super) fn obstacle(self, bytes: u64) -> Option<String> {
        if self.has(bytes) {
            return None;
        }
        let mib = |bytes: u64| bytes >> 20;
        let needed = (bytes * PART).max(bytes + LEAST_FREE);
        Some(format!(
            "{} MiB are free on the server's disk; a spare of this template needs {} MiB free",
            mib(self.free),
            mib(needed) + 1
        ))
    }

    /// Whether there may be spares at all.
    pub(super) fn is_enough(self) -> bool {
        self.free >= LEAST_FREE
    }

    /// Whether one more of this size fits.
    pub(super) fn has(self, bytes: u64) -> bool {
        bytes <= self.free / PART && self.free - bytes >= LEAST_FREE
    }
}

/// Has the server's process of this connection give way to others, as far as the machine knows how. Not to all of them: on a
/// machine that is never idle, there would be no spares, and what this process holds would be held for ever.
pub(super) async fn give_way(connection: &Connection) -> Result<()> {
    // the parent of the shell is that process
    let sql = "COPY (SELECT 1) TO PROGRAM 'renice -n 10 -p $PPID >/dev/null 2>&1; \
               ionice -c 2 -n 7 -p $PPID >/dev/null 2>&1; cat >/dev/null'";
    connection.execute("lower the priority of a copy", sql).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spare_takes_a_tenth_of_what_is_free_and_leaves_a_gibibyte() {
        let room = |free: u64| Room::read(&format!("/dev/sda1 999999999 1 {} 50% /", free / 1024));
        let gib: u64 = 1 << 30;
        assert!(room(20 * gib).has(2 * gib) && !room(20 * gib).has(2 * gib + 1));
        assert!(room(gib).is_enough() && !room(gib).has(1));
        assert!(!room(gib - 1024).is_enough());
        assert!(!Room::read("df: cannot").is_enough());
    }
}
