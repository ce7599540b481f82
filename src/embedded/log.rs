//! What an embedded server tells its supervisor: lines on stderr, which become the process's log.

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
