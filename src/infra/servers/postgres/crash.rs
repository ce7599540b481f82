//! Did a host crash come between the last start and now?
//!
//! Under `durability = "fast"` the server does not wait for the disk. A server that merely died (SIGKILL, out of
//! memory) loses nothing by that: what it wrote is in the page cache, which outlives it, and its own recovery
//! replays the log. Only when the *kernel* went down with the server running may files be torn. So each start
//! leaves a mark with the boot it belongs to, and the data is lost only where the stop was unclean, the last
//! start was under `fast`, and the boot is another one.
//!
//! An ordinary reboot stops the server or at least writes the page cache back after its processes are killed;
//! the first leaves a clean state. The second (the server was killed, then the kernel synced) looks like a
//! crash here and is treated as one, because nothing on disk tells them apart.

use serde::{Deserialize, Serialize};

use crate::project::Durability;
use crate::system::Versioned;

/// `infra/db/started.json`: the last start of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StartMark {
    /// The boot of the kernel.
    pub(super) boot_id: String,
    /// What was in force.
    pub(super) durability: Durability,
}

impl Versioned for StartMark {
    const WHAT: &'static str = "start mark";
    const VERSION: u32 = 1;
}

/// Whether the data directory may be torn and must not be started.
pub(super) fn may_be_torn(stopped_cleanly: bool, last_start: Option<&StartMark>, boot_id: &str) -> bool {
    !stopped_cleanly && last_start.is_some_and(|mark| mark.durability == Durability::Fast && mark.boot_id != boot_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_crash_under_fast_tears_data() {
        use Durability::{Fast, Safe};
        for (clean, last, now, torn) in [
            (false, Some(("one", Fast)), "two", true),
            (false, Some(("one", Fast)), "one", false),
            (false, Some(("one", Safe)), "two", false),
            (true, Some(("one", Fast)), "two", false),
            (false, None, "two", false),
        ] {
            let mark = last.map(|(boot, durability)| StartMark { boot_id: boot.into(), durability });
            assert_eq!(may_be_torn(clean, mark.as_ref(), now), torn, "{clean} {mark:?} {now}");
        }
    }
}
