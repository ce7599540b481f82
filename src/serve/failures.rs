//! How often somebody may present a wrong token.
//!
//! One count for all: on loopback everybody has the same address. Who has the right token is never held up, so that
//! another user of the machine who guesses cannot lock the owner out; a guess has 190 bits to meet.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong tokens in a row before the first wait.
const BURST: f64 = 10.0;
/// After this time one more is allowed.
const EACH: Duration = Duration::from_secs(3);

/// The count.
pub(super) struct Failures(Mutex<(f64, Instant)>);

impl Default for Failures {
    fn default() -> Self {
        Self(Mutex::new((BURST, Instant::now())))
    }
}

impl Failures {
    /// Counts a wrong token; how long to wait before the next, where there were too many.
    pub(super) fn count(&self) -> Option<Duration> {
        self.count_at(Instant::now())
    }

    fn count_at(&self, now: Instant) -> Option<Duration> {
        let Ok(mut state) = self.0.lock() else { return Some(EACH) };
        let (left, last) = *state;
        let left = (left + now.saturating_duration_since(last).as_secs_f64() / EACH.as_secs_f64()).min(BURST);
        *state = (if left >= 1.0 { left - 1.0 } else { left }, now);
        (left < 1.0).then(|| EACH.mul_f64(1.0 - left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_ten_wrong_tokens_there_is_one_every_three_seconds() {
        let failures = Failures::default();
        let now = Instant::now();
        assert!((0..10).all(|_| failures.count_at(now).is_none()));
        assert!(failures.count_at(now).is_some_and(|wait| wait <= EACH));
        assert!(failures.count_at(now + EACH + Duration::from_millis(1)).is_none());
        assert!(failures.count_at(now + EACH + Duration::from_millis(2)).is_some());
    }
}
