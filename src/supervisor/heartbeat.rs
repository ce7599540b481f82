//! Whether the other half of guardian and supervisor still works.
//!
//! The guardian asks every [`PERIOD`] over the link, and the supervisor's main task answers, so that an answer shows that
//! it decides and not only that it exists. The supervisor listens for the questions in the same way. Turns are counted and
//! not seconds: a machine that sleeps, or a container that is paused with all that is in it, silences both, and neither may
//! take the other for broken afterwards.

use std::time::Duration;

use crate::system::proc::Stat;

/// Between two questions.
pub(crate) const PERIOD: Duration = Duration::from_secs(4);

/// Turns without a sign after which one that is not stopped counts as silent: it is not quicker because a machine under
/// load is slow, and a supervisor that is slow must not be replaced again and again.
const MOST_SILENT: u32 = 6;

/// What the last turns say of the other half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pulse {
    Alive,
    /// A signal has stopped it.
    Stopped,
    /// It runs and gives no sign.
    Silent,
}

/// The turns since the last sign of the other half.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    unheard: u32,
}

impl Heartbeat {
    /// It gave a sign.
    pub(crate) fn heard(&mut self) {
        self.unheard = 0;
    }

    /// A turn has passed; `is_stopped` is asked only of one that gave no sign in it.
    pub(crate) fn turn(&mut self, is_stopped: impl FnOnce() -> bool) -> Pulse {
        let unheard = self.unheard;
        self.unheard += 1;
        match unheard {
            0 => Pulse::Alive,
            _ if is_stopped() => Pulse::Stopped,
            MOST_SILENT.. => Pulse::Silent,
            _ => Pulse::Alive,
        }
    }
}

/// Whether a signal has stopped this process. One that a debugger holds is not meant.
pub(crate) fn is_stopped(pid: u32) -> bool {
    Stat::of(pid).is_some_and(|stat| stat.state == b'T')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_gives_signs_is_alive_whatever_the_kernel_says() {
        let mut heartbeat = Heartbeat::default();
        for _ in 0..20 {
            assert_eq!(heartbeat.turn(|| true), Pulse::Alive);
            heartbeat.heard();
        }
    }

    #[test]
    fn a_stopped_one_is_noticed_in_the_second_turn_and_a_silent_one_after_six() {
        let mut heartbeat = Heartbeat::default();
        assert_eq!(heartbeat.turn(|| true), Pulse::Alive);
        assert_eq!(heartbeat.turn(|| true), Pulse::Stopped);
        let mut heartbeat = Heartbeat::default();
        let turns: Vec<Pulse> = (0..8).map(|_| heartbeat.turn(|| false)).collect();
        assert!(turns[..6].iter().all(|pulse| *pulse == Pulse::Alive), "{turns:?}");
        assert_eq!(turns[6..], [Pulse::Silent; 2]);
        assert!(PERIOD * 7 <= Duration::from_secs(28), "it is back within 30 s");
    }
}
