//! A verdict in the forms that other programs read: JUnit XML, and annotations of GitHub Actions.

mod annotations;
mod file;
mod junit;

pub use annotations::annotations;
pub use file::may_be_written;
pub use junit::junit;
