//! `teardown`: everything of an agent is removed and proven gone, and what is left is named.
//!
//! What there is to remove is the list of [`super::belongings`], so that a crashed agent leaks nothing and
//! what only looks like ours is left alone. What cannot be removed does not keep the rest from
//! being removed: the record stays, and the next `launch` or `teardown` goes on.

mod many;
mod one;
mod options;

pub use many::teardown;
pub(super) use one::{Undo, finish, undo};
pub use options::{TeardownOptions, TeardownTarget};
