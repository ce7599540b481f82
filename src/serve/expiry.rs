//! Leases of the queue end by the clock, whether or not anybody speaks.
//!
//! Only a time in which workers could be heard counts. Where this server looked for a while at nothing, because it stood
//! still or had no database, and where the clock of the database was put forward or back, all leases begin again.

use std::time::{Duration, Instant};

use super::site::Shared;
use super::store::queue::{self, QueueError};
use super::store::worker_keys;

/// How often it is looked.
const EACH: Duration = Duration::from_secs(1);
/// What is longer than this was no ordinary second.
const LONG: Duration = Duration::from_secs(10);
const LONG_MS: i64 = 10_000;

/// When it was looked last, by two clocks.
#[derive(Debug, Clone, Copy)]
struct Looked {
    at: Instant,
    clock: i64,
}

impl Looked {
    /// Whether the time since then counts.
    fn counts(self, now: Self) -> bool {
        let passed = now.at.duration_since(self.at);
        let by_clock = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        passed < LONG && (now.clock - self.clock - by_clock).abs() < LONG_MS
    }
}

/// Ends leases until the server ends.
pub(super) async fn watch(site: Shared) {
    let mut stop = site.stop.clone();
    let mut last: Option<Looked> = None;
    loop {
        tokio::select! {
            () = stop.asked() => return,
            () = tokio::time::sleep(EACH) => {}
        }
        // a database that fails is told to whoever asks for something
        let Ok((clock, has_expired)) = site.store.read::<_, QueueError>(queue::clock).await else { continue };
        let now = Looked { at: Instant::now(), clock };
        if last.is_some_and(|last| !last.counts(now)) {
            if site.store.change::<_, QueueError>(queue::prolong_all).await.is_err() {
                continue;
            }
            site.queue.notify_waiters();
        } else if has_expired {
            let _ = site.store.change::<_, QueueError>(queue::expire).await;
            site.queue.notify_waiters();
        }
        last = Some(now);
        // other servers give keys and take them away
        if site.store.is_shared()
            && let Ok(keys) = site.store.read(worker_keys::all).await
        {
            site.workers.replace(keys);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_ordinary_time_counts() {
        let begin = Looked { at: Instant::now(), clock: 1_000_000 };
        let after =
            |passed: u64, clock: i64| Looked { at: begin.at + Duration::from_secs(passed), clock: begin.clock + clock };
        assert!(begin.counts(after(1, 1_000)) && begin.counts(after(3, 2_500)));
        for (passed, clock, why) in [
            (1, 3_600_000, "the clock was put forward"),
            (1, -3_600_000, "the clock was put back"),
            (600, 600_000, "the database was away"),
        ] {
            assert!(!begin.counts(after(passed, clock)), "{why}");
        }
    }
}
