//! A verdict in the forms that other programs read: JUnit XML, and annotations of GitHub Actions.

mod annotations;
mod junit;

pub use annotations::annotations;
pub use junit::junit;
