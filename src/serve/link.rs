//! A link for a browser, asked of the server that runs, by a command of the same home.

use hyper::Method;

use super::ask;
use crate::report::{Failure, Link};
use crate::system::Home;

/// A link that lets one browser into the dashboard, once.
///
/// # Errors
/// No server of this home runs.
pub async fn link(home: &Home) -> Result<Link, Failure> {
    ask(home, Method::POST, "/api/links", None).await
}
