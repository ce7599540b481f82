//! Why a job does not go on, and who may say so from outside.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::agent::Interruption;
use crate::report::Failure;

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The lease is lost: nothing may be pushed any more.
    Lost,
    /// The worker ends; the next one goes on here.
    Leave,
    /// There is no room for the job.
    NoRoom(String),
    /// It failed; whether another attempt may succeed.
    Failed(String, bool),
}

/// The result of a step.
pub(super) type Step<T = ()> = Result<T, Stop>;

impl Stop {
    /// The machine failed: another attempt may succeed.
    pub(super) fn machine(what: &str, failure: impl Into<Failure>) -> Self {
        Self::Failed(format!("{what}: {}", in_words(&failure.into())), true)
    }
}

/// A failure with its causes.
pub(super) fn in_words(failure: &Failure) -> String {
    let document = failure.document();
    let mut text = document.message;
    for cause in document.causes {
        text = format!("{text}: {cause}");
    }
    text
}

/// How a job is stopped from outside.
#[derive(Debug, Default)]
pub(super) struct Brake {
    lost: AtomicBool,
    leave: AtomicBool,
    pub(super) interruption: Interruption,
}

impl Brake {
    /// Its lease is lost.
    pub(super) fn lose(&self) {
        if !self.lost.swap(true, Ordering::SeqCst) {
            self.interruption.ask();
        }
    }

    /// The worker ends.
    pub(super) fn leave(&self) {
        if !self.leave.swap(true, Ordering::SeqCst) {
            self.interruption.ask();
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Goes on, unless it is stopped.
    pub(super) fn check(&self) -> Step {
        if self.is_lost() {
            return Err(Stop::Lost);
        }
        if self.leave.load(Ordering::SeqCst) { Err(Stop::Leave) } else { Ok(()) }
    }

    /// What an interruption meant.
    pub(super) fn interrupted(&self) -> Stop {
        // a signal reaches the threads before the loop that marks them
        self.check().err().unwrap_or(Stop::Leave)
    }
}
