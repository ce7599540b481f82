//! The native engine: the shared servers as processes of this machine, one more stack of the supervisor.
//!
//! As root all but harness's own servers run as the recorded service user.

mod bring_up;
mod data;
mod observe;
mod stack;
mod wait;

pub(super) use bring_up::{bring_up, not_running};
pub(super) use data::{data, remove_data};
pub(super) use observe::is_up;
