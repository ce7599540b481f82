//! The clock that the machine lives by.

use std::time::Duration;

/// A moment on a clock that only grows, as the time since its beginning.
pub(crate) type Moment = Duration;
