//! The log of an embedded server: lines on stderr, which the supervisor keeps.

use std::error::Error;
use std::io::Write as _;

use crate::system::with_causes;

/// Writes one line. A log that cannot be written is no reason to stop serving.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes an error with its causes on one line.
pub(super) fn error(error: &dyn Error) {
    line(&format!("error: {}", with_causes(error)));
}
