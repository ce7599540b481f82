//! A job: `pending → claimed → running → verifying → succeeded | failed | lost | cancelled`; from `claimed` it may go
//! back.

use crate::report::QueueJobState;

/// What happened to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// A worker took it.
    Claimed,
    /// Its worker says how far it is.
    Reported(QueueJobState),
    /// Its worker says that it is done.
    Completed,
    /// Its worker says that it cannot be done.
    Failed,
    /// Its worker has no room for it.
    Returned,
    /// Its worker was not heard of in time.
    Expired,
    /// Somebody called it off.
    Cancelled,
}

/// The state after what happened; `None`: that cannot happen to a job in this state, which stays as it is.
pub fn next(state: QueueJobState, happened: Happened) -> Option<QueueJobState> {
    use QueueJobState::{Cancelled, Claimed, Failed, Lost, Pending, Running, Succeeded, Verifying};
    match (state, happened) {
        (Pending, Happened::Claimed) | (Claimed, Happened::Reported(Claimed)) => Some(Claimed),
        // rounds go from verifying back to running; nothing goes back to claimed
        (Claimed | Running | Verifying, Happened::Reported(to @ (Running | Verifying))) => Some(to),
        (Claimed | Running | Verifying, Happened::Completed) => Some(Succeeded),
        (Claimed | Running | Verifying, Happened::Failed) => Some(Failed),
        // nothing was begun
        (Claimed, Happened::Returned) => Some(Pending),
        (Claimed | Running | Verifying, Happened::Expired) => Some(Lost),
        (Pending | Claimed | Running | Verifying, Happened::Cancelled) => Some(Cancelled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use QueueJobState::{Cancelled, Claimed, Failed, Lost, Pending, Running, Succeeded, Verifying};

    #[test]
    fn every_state_answers_every_word() {
        let words = [
            Happened::Claimed,
            Happened::Reported(Claimed),
            Happened::Reported(Running),
            Happened::Reported(Verifying),
            Happened::Completed,
            Happened::Failed,
            Happened::Expired,
            Happened::Cancelled,
            Happened::Returned,
        ];
        let ended = [Some(Succeeded), Some(Failed), Some(Lost), Some(Cancelled)];
        let row = |first: [Option<QueueJobState>; 4], returned| [&first[..], &ended[..], &[returned]].concat();
        let (run, verify) = (Some(Running), Some(Verifying));
        let over = vec![None; 9];
        for (state, expected) in [
            (Pending, vec![Some(Claimed), None, None, None, None, None, None, Some(Cancelled), None]),
            (Claimed, row([None, Some(Claimed), run, verify], Some(Pending))),
            (Running, row([None, None, run, verify], None)),
            (Verifying, row([None, None, run, verify], None)),
            (Succeeded, over.clone()),
            (Failed, over.clone()),
            (Lost, over.clone()),
            (Cancelled, over.clone()),
        ] {
            for (word, expected) in words.into_iter().zip(expected) {
                assert_eq!(next(state, word), expected, "{state} {word:?}");
            }
        }
    }
}
