//! My own failure: what failed is compared with an earlier commit.
//!
//! The stages of the commands that failed run again on a clean tree of that commit, as an agent of its own: with its own
//! ports, its processes, and a clone of that commit's template. That is done once per tree; what it found is kept in the
//! home. A failure that is there too is `pre-existing`; one that another run of the present tree does not have is `flaky`;
//! the others are `new`. Failures are compared by what they say, not by where they stand.

mod base;
mod baseline;
mod classify;
mod judge;
mod kept;
mod wording;

pub(super) use base::Base;
pub use judge::judge_against;
