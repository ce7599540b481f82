//! How long to wait before a process is started again: full jitter between nothing and a bound that
//! doubles from 1 s to 30 s, so that processes that fell together do not rise together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bound of the first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The bound of all later ones.
const LONGEST: Duration = Duration::from_secs(30);
/// No pause is shorter: a crash loop must not heat the machine.
const SHORTEST: Duration = Duration::from_millis(100);

/// After so long in health a process's former failures are forgotten.
pub(super) const HEALTHY: Duration = Duration::from_secs(30);

/// A small random sequence (xorshift64*), part of the machine so that it stays pure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The pause after `failures` failures in a row, 1 or more.
    pub(crate) fn pause(&mut self, failures: u32) -> Duration {
        let bound = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(LONGEST);
        bound.mul_f64(self.fraction()).max(SHORTEST)
    }

    fn fraction(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_thirty_seconds_and_fill_their_range() {
        let mut jitter = Jitter::new(7);
        for (failures, bound) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (60, 30)] {
            let pauses: Vec<Duration> = (0..500).map(|_| jitter.pause(failures)).collect();
            let longest = pauses.iter().max().unwrap();
            assert!(*longest <= Duration::from_secs(bound) && *longest > Duration::from_secs(bound).mul_f64(0.9));
            assert!(*pauses.iter().min().unwrap() < Duration::from_secs(bound).mul_f64(0.2));
            assert!(pauses.iter().all(|pause| *pause >= SHORTEST));
        }
    }
}
