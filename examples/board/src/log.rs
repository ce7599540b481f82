//! One line an event on stdout: `time level message key=value ...`.

use std::fmt::Display;
use std::io::Write;

pub fn info(message: impl Display) {
    write("info", &message);
}

pub fn error(message: impl Display) {
    write("error", &message);
}

fn write(level: &str, message: &dyn Display) {
    // whole milliseconds: longer fractions only make lines harder to read
    let now = jiff::Timestamp::now();
    // a closed pipe must not end a server
    let _ = writeln!(std::io::stdout().lock(), "{now:.3} {level} {message}");
}
