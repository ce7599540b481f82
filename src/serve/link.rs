//! A link for a browser, asked of the server that runs, by a command of the same home.

use http_body_util::{BodyExt, Limited};
use hyper::Method;

use super::client::{PATIENCE, Server};
use crate::report::{Failure, Link};
use crate::system::Home;

/// Bytes of an answer that are read.
const ANSWER: usize = 64 << 10;

/// A link that lets one browser into the dashboard, once.
///
/// # Errors
/// No server of this home runs.
pub async fn link(home: &Home) -> Result<Link, Failure> {
    let server = Server::of(home)?;
    let answer = server.ask(Method::POST, "/api/links").await?;
    let body = tokio::time::timeout(PATIENCE, Limited::new(answer.into_body(), ANSWER).collect()).await;
    let body = body.map_err(|_| server.no_answer("half a link".to_owned()))?;
    let body = body.map_err(|error| server.no_answer(error.to_string()))?.to_bytes();
    Ok(serde_json::from_slice(&body).map_err(|error| server.no_answer(format!("no link: {error}")))?)
}
