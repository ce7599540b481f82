//! Whether anybody uses a stack: `[launch] idle` parks one that nobody does.
//!
//! A stack is in use while a session runs in it, while `exec` or `shell` runs something in its environment, while a
//! connection from outside of the stack is open to one of its ports, while its processes compute, and when somebody has
//! just asked its supervisor for anything but its state. What the processes of a stack say to each other is no use.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::supervisor::stats::ticks_per_second;
use crate::system::proc::Stat;

/// Looks a limit.
const LOOKS: u32 = 10;

/// The shortest and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

/// Computing for less than this share of the time is what an idle development server does.
const IDLE_SHARE: f64 = 0.05;

/// How long a stack has been unused.
pub(super) struct Idle {
    limit: Duration,
    used: Instant,
    /// The last look, and the clock ticks that the processes had computed by then.
    last: (Instant, u64),
}

impl Idle {
    /// Follows the setting, in seconds.
    pub(super) fn follow(idle: &mut Option<Self>, seconds: Option<f64>) {
        let limit = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        if idle.as_ref().map(|idle| idle.limit) != limit {
            let now = Instant::now();
            *idle = limit.map(|limit| Self { limit, used: now, last: (now, 0) });
        }
    }

    /// Waits until the stack should be looked at; for ever where it is never parked by itself.
    pub(super) async fn time_to_look(idle: Option<&Self>) {
        match idle {
            Some(idle) => sleep_until(idle.last.0 + (idle.limit / LOOKS).clamp(PAUSES[0], PAUSES[1])).await,
            None => std::future::pending().await,
        }
    }

    /// The stack has just been used.
    pub(super) fn was_used(&mut self) {
        self.used = Instant::now();
    }

    /// Whether nobody has used the stack for as long as the setting says.
    pub(super) fn is_over(&self) -> bool {
        self.used.elapsed() >= self.limit
    }

    /// Notes that this is a look; returns whether the processes have computed since the last one.
    pub(super) fn look(&mut self, members: &[Stat]) -> bool {
        let ticks: u64 = members.iter().map(|stat| stat.cpu_ticks).sum();
        let (since, before) = std::mem::replace(&mut self.last, (Instant::now(), ticks));
        #[allow(clippy::cast_precision_loss)] // seconds of a few minutes
        let seconds = ticks.saturating_sub(before) as f64 / ticks_per_second() as f64;
        seconds > IDLE_SHARE * since.elapsed().as_secs_f64()
    }
}
