//! The log of the watching process: its standard output, which the supervisor keeps.

use std::io::Write;

/// Its line once it reads events; the supervisor then counts it as ready.
pub(super) const WATCHING: &str = "watching the containers";

/// Writes one line.
pub(super) fn say(text: &str) {
    // a log that cannot be written is no reason to stop watching
    let _ = writeln!(std::io::stdout(), "{text}");
}
