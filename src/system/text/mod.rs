//! Text that comes from programs: cut to lines of bounded length, made safe for a terminal, shortened for a
//! message, and encoded for a URL.
//!
//! Everything here works on text that harness did not write. Two functions make it safe because there are two
//! readers: [`printable()`] shows a log line as it is, with control characters in caret notation, and [`plain`]
//! reduces a line to what a person would have read on the terminal, for diagnostics and messages.

mod count;
mod excerpt;
mod lines;
mod percent;
mod printable;
mod words;

pub use count::count;
pub use excerpt::{cut, first_line, last_lines};
pub use lines::{LONGEST_LINE, Lines, Overlong, text_of};
pub use percent::{percent_decode, percent_encode, percent_encode_key};
pub use printable::{plain, printable};
pub use words::words;
