//! Which container has to be looked at when. Pure: events, outcomes and times in, container ids out.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Between the end of a container and the look at it: the event of a deliberate stop comes right after the end, and
/// where the engine itself starts it again, that has begun.
const GRACE: Duration = Duration::from_secs(1);
/// Between a signal and the end that it brings, at most.
const SIGNAL_TO_END: Duration = Duration::from_mins(2);
/// Before the second restart in a row; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// A container that was healthy for this long is restarted without delay the next time.
const FORGIVEN: Duration = Duration::from_mins(10);

/// What happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    /// Its health check fails.
    Unhealthy,
    /// It was sent a signal from outside.
    Killed,
    /// It accepts connections and does not answer.
    Frozen,
    /// Its process ended.
    Died,
    /// It was stopped by request.
    Stopped,
}

/// Why a container is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Unhealthy,
    Frozen,
    Died,
}

/// The result of a look at a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is nothing to do.
    Settled,
    /// It was started or restarted.
    Mended,
    /// That failed.
    Failed,
    /// To be looked at again then.
    Later(Duration),
}

/// What is known of the containers.
#[derive(Debug, Default)]
pub(super) struct Judge {
    due: BTreeMap<String, (Instant, Cause)>,
    killed: BTreeMap<String, Instant>,
    attempts: BTreeMap<String, Attempts>,
}

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    last: Instant,
}

impl Judge {
    /// Records an event.
    pub(super) fn take(&mut self, id: &str, happened: Happened, now: Instant) {
        match happened {
            Happened::Killed => {
                self.killed.insert(id.to_owned(), now);
            }
            // Docker reports a stop as signals, an end and a stop; Podman as an end alone
            Happened::Stopped => {
                self.due.remove(id);
                self.killed.remove(id);
            }
            Happened::Died if self.killed.remove(id).is_some_and(|killed| now - killed < SIGNAL_TO_END) => {
                self.put(id, now + GRACE, Cause::Died);
            }
            // it ended by itself, which is for its restart policy
            Happened::Died => {}
            Happened::Unhealthy => self.put(id, now, Cause::Unhealthy),
            Happened::Frozen => self.put(id, now, Cause::Frozen),
        }
    }

    fn put(&mut self, id: &str, wanted: Instant, cause: Cause) {
        let attempts = self.attempts.get(id).filter(|attempts| wanted - attempts.last < FORGIVEN);
        let earliest = attempts.map_or(wanted, |attempts| attempts.last + pause(attempts.count));
        self.due.insert(id.to_owned(), (wanted.max(earliest), cause));
    }

    /// The containers that are to be looked at now; each is named once.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(String, Cause)> {
        let due: Vec<(String, Cause)> =
            self.due.iter().filter(|(_, (at, _))| *at <= now).map(|(id, (_, cause))| (id.clone(), *cause)).collect();
        for (id, _) in &due {
            self.due.remove(id);
        }
        due
    }

    /// When to look at the next one.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.values().map(|(at, _)| *at).min()
    }

    /// Records the result of a look.
    pub(super) fn seen(&mut self, id: &str, cause: Cause, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Settled => {}
            Outcome::Later(pause) => {
                self.due.insert(id.to_owned(), (now + pause, cause));
            }
            Outcome::Mended | Outcome::Failed => {
                let before = self.attempts.get(id).filter(|attempts| now - attempts.last < FORGIVEN);
                let count = before.map_or(0, |attempts| attempts.count) + 1;
                self.attempts.insert(id.to_owned(), Attempts { count, last: now });
                if outcome == Outcome::Failed {
                    self.put(id, now, cause);
                }
            }
        }
    }
}

fn pause(count: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << count.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(judge: &mut Judge, now: Instant) -> Vec<(String, Cause)> {
        judge.take_due(now)
    }

    #[test]
    fn an_unhealthy_one_is_due_at_once_and_a_killed_one_after_its_grace() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        judge.take("a", Happened::Unhealthy, now);
        judge.take("b", Happened::Killed, now);
        judge.take("b", Happened::Died, now);
        assert_eq!(ids(&mut judge, now), [("a".to_owned(), Cause::Unhealthy)]);
        assert_eq!(judge.next(), Some(now + GRACE));
        assert_eq!(ids(&mut judge, now + GRACE), [("b".to_owned(), Cause::Died)]);
        assert_eq!(judge.next(), None);
    }

    #[test]
    fn one_that_was_stopped_or_ended_by_itself_is_never_due() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        for happened in [Happened::Killed, Happened::Died, Happened::Stopped] {
            judge.take("a", happened, now);
        }
        judge.take("b", Happened::Died, now);
        assert_eq!(judge.next(), None);
        // a signal explains one end only
        judge.take("b", Happened::Killed, now);
        judge.take("b", Happened::Died, now + SIGNAL_TO_END);
        judge.take("b", Happened::Died, now + SIGNAL_TO_END);
        assert_eq!(judge.next(), None);
    }

    #[test]
    fn restarts_in_a_row_come_at_longer_and_longer_intervals() {
        let (mut judge, mut now) = (Judge::default(), Instant::now());
        let mut waited = Vec::new();
        for _ in 0..8 {
            judge.take("a", Happened::Unhealthy, now);
            let due = judge.next().unwrap();
            waited.push((due - now).as_secs());
            now = due;
            assert_eq!(ids(&mut judge, now).len(), 1);
            judge.seen("a", Cause::Unhealthy, Outcome::Mended, now);
        }
        assert_eq!(waited, [0, 10, 20, 40, 80, 160, 300, 300]);
        now += FORGIVEN;
        judge.take("a", Happened::Unhealthy, now);
        assert_eq!(judge.next(), Some(now));
    }

    #[test]
    fn what_failed_or_has_to_wait_is_due_again() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        judge.seen("a", Cause::Died, Outcome::Failed, now);
        judge.seen("b", Cause::Unhealthy, Outcome::Later(Duration::from_secs(3)), now);
        assert_eq!(judge.next(), Some(now + Duration::from_secs(3)));
        assert_eq!(ids(&mut judge, now + FIRST_PAUSE).len(), 2);
    }
}
