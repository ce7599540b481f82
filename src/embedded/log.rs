//! What an embedded server tells its supervisor: lines on stderr, which become the process's log.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;

/// Writes one line. A log that cannot be written is no reason to stop serving.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes an error with its causes on one line.
pub(super) fn error(error: &dyn Error) {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    line(&text);
}
