//! One request of a command to the server of its home, for a document.

use http_body_util::{BodyExt, Limited};
use hyper::{Method, body::Bytes};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;
use super::client::{PATIENCE, Server};
use crate::report::{Failure, Refused};
use crate::system::Home;

/// Bytes of an answer that are read.
const ANSWER: usize = 64 << 20;

/// Asks the server of this home.
///
/// # Errors
/// No server of this home runs, or it does not meet the request.
pub async fn ask<T: DeserializeOwned>(
    home: &Home,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<T, Failure> {
    let server = Server::of(home)?;
    let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
    let answer = server.answer(method, path, body).await?;
    let status = answer.status();
    let body = tokio::time::timeout(PATIENCE, Limited::new(answer.into_body(), ANSWER).collect()).await;
    let body = body.map_err(|_| server.no_answer("half a document".to_owned()))?;
    let body = body.map_err(|error| server.no_answer(error.to_string()))?.to_bytes();
    if !status.is_success() {
        return Err(match serde_json::from_slice::<Refused>(&body) {
            Ok(refused) => Error::Refused { status: status.as_u16(), error: Box::new(refused.error) },
            Err(_) => server.no_answer(format!("with status {status}")),
        }
        .into());
    }
    Ok(serde_json::from_slice(&body).map_err(|error| server.no_answer(format!("no document: {error}")))?)
}
