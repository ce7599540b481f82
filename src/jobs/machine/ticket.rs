//! A ticket: `backlog → awaiting_approval → in_progress → in_review → done | cancelled`.
//!
//! People may move a ticket anywhere: a board that refuses a move is worked around. What a move means for the queue is
//! decided here.

use crate::report::TaskStatus;

/// What is wanted of a ticket, or became of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Somebody moves it.
    Move(TaskStatus),
    /// Somebody approves it.
    Approve,
    /// Somebody wants another attempt.
    Retry,
    /// Its job succeeded.
    Succeeded,
    /// Its job failed, was lost or was called off, and there is no further attempt.
    GaveUp,
}

/// What the queue must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Make a job, where none is live.
    Enqueue,
    /// Call the live job off, where there is one.
    CallOff,
}

/// The wish cannot be met in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// The state after the wish, and what the queue must do. A task `without` a project never has a job.
///
/// # Errors
/// Something is approved that waits for no approval.
pub fn step(state: TaskStatus, wish: Wish, has_project: bool) -> Result<(TaskStatus, Effect), Refused> {
    use TaskStatus::{AwaitingApproval, InProgress, Open, Review};
    let to = match (wish, state) {
        (Wish::Move(to), _) => to,
        (Wish::Approve, Open | AwaitingApproval) => InProgress,
        (Wish::Retry, _) if has_project => return Ok((InProgress, Effect::Enqueue)),
        (Wish::Approve | Wish::Retry, _) => return Err(Refused),
        // somebody may have moved it meanwhile; then it stays where they put it
        (Wish::Succeeded, InProgress) => return Ok((Review, Effect::None)),
        (Wish::GaveUp, InProgress) => return Ok((Open, Effect::None)),
        (Wish::Succeeded | Wish::GaveUp, _) => return Ok((state, Effect::None)),
    };
    let effect = match (state == InProgress, to == InProgress) {
        (false, true) if has_project => Effect::Enqueue,
        (true, false) => Effect::CallOff,
        _ => Effect::None,
    };
    Ok((to, effect))
}

#[cfg(test)]
mod tests {
    use super::*;
    use TaskStatus::{AwaitingApproval, Cancelled, Done, InProgress, Open, Review};

    #[test]
    fn moves_mean_what_they_should() {
        for (state, wish, expected) in [
            (Open, Wish::Move(InProgress), Ok((InProgress, Effect::Enqueue))),
            (Open, Wish::Move(AwaitingApproval), Ok((AwaitingApproval, Effect::None))),
            (AwaitingApproval, Wish::Approve, Ok((InProgress, Effect::Enqueue))),
            (Open, Wish::Approve, Ok((InProgress, Effect::Enqueue))),
            (Review, Wish::Approve, Err(Refused)),
            (InProgress, Wish::Approve, Err(Refused)),
            (InProgress, Wish::Move(InProgress), Ok((InProgress, Effect::None))),
            (InProgress, Wish::Move(Cancelled), Ok((Cancelled, Effect::CallOff))),
            (InProgress, Wish::Move(Open), Ok((Open, Effect::CallOff))),
            (Review, Wish::Move(Done), Ok((Done, Effect::None))),
            (Review, Wish::Move(InProgress), Ok((InProgress, Effect::Enqueue))),
            (InProgress, Wish::Succeeded, Ok((Review, Effect::None))),
            (Cancelled, Wish::Succeeded, Ok((Cancelled, Effect::None))),
            (InProgress, Wish::GaveUp, Ok((Open, Effect::None))),
            (Done, Wish::GaveUp, Ok((Done, Effect::None))),
            (Open, Wish::Retry, Ok((InProgress, Effect::Enqueue))),
            (InProgress, Wish::Retry, Ok((InProgress, Effect::Enqueue))),
        ] {
            assert_eq!(step(state, wish, true), expected, "{state} {wish:?}");
        }
        // a task without a project is only moved
        assert_eq!(step(Open, Wish::Move(InProgress), false), Ok((InProgress, Effect::None)));
        assert_eq!(step(Open, Wish::Retry, false), Err(Refused));
    }
}
