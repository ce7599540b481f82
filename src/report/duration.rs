//! Durations in documents: whole milliseconds, in every field whose name ends in `_ms`.

use std::time::Duration;

/// Whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
