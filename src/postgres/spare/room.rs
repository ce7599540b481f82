//! What spares may cost: room on the server's disk, and time of the machine.
//!
//! Both are asked for where the server is, by a program that it runs: its data may be in a container, or belong to
//! another user.

use super::super::Result;
use super::super::connection::{Connection, text};

/// What the disk keeps free; a tenth of it where that is less. From here on `doctor` warns.
const KEPT_FREE: u64 = 10 << 30;

/// The room on the disk that holds the server's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Bytes that spares may still take; none where the disk has too little left.
    left: Option<u64>,
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
        let [size, _, available, ..] = numbers[..] else { return Self { left: None } };
        let kept = KEPT_FREE.min(size * 1024 / 10);
        Self { left: (available * 1024).checked_sub(kept) }
    }

    /// Whether there may be spares at all.
    pub(super) fn is_enough(self) -> bool {
        self.left.is_some()
    }

    /// Whether one more of this size fits.
    pub(super) fn has(self, bytes: u64) -> bool {
        self.left.is_some_and(|left| left >= bytes)
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
    fn the_disk_keeps_ten_gibibytes_or_a_tenth_free() {
        let gib = |count: u64| count << 20;
        let room = |size, available: u64| Room::read(&format!("/dev/sda1 {} 1 {available} 50% /", gib(size)));
        assert_eq!(room(500, gib(11)).left, Some(1 << 30));
        assert_eq!(room(20, gib(3)).left, Some(1 << 30));
        assert!(room(20, gib(3)).has(1 << 30) && !room(20, gib(3)).has((1 << 30) + 1));
        assert!(room(20, gib(2)).is_enough() && !room(20, gib(2) - 1).is_enough());
        assert!(!Room::read("df: cannot").is_enough());
    }
}
