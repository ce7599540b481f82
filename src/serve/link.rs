//! A link for a browser, asked of the server that runs, by a command of the same home.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Error;
use super::place::Place;
use crate::report::{Failure, Link};
use crate::system::{self, Home, Secret};

/// Bytes of an answer that are read.
const ANSWER: usize = 64 << 10;
/// How long a server may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A link that lets one browser into the dashboard, once.
///
/// # Errors
/// No server of this home runs.
pub async fn link(home: &Home) -> Result<Link, Failure> {
    let place = Place::of(home);
    let found = if place.is_served() { place.listening()?.zip(place.token()?) } else { None };
    let Some((listening, token)) = found else { return Err(Error::NotRunning.into()) };
    let address = *listening.addresses.first().ok_or(Error::NotRunning)?;
    let no_answer = |answer: String| Error::NoAnswer { address, answer };
    let answer = tokio::time::timeout(PATIENCE, ask(address, &token)).await;
    let answer = answer.map_err(|_| no_answer("nothing".to_owned()))?.map_err(no_answer)?;
    Ok(serde_json::from_slice(&answer).map_err(|error| no_answer(format!("no link: {error}")))?)
}

async fn ask(address: SocketAddr, token: &Secret) -> Result<Bytes, String> {
    let text = |error: &dyn std::error::Error| system::with_causes(error);
    let reached = if address.ip().is_unspecified() { ([127, 0, 0, 1], address.port()).into() } else { address };
    let stream = TcpStream::connect(reached).await.map_err(|error| text(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/links")
        .header(HOST, reached.to_string())
        .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
        .body(Full::<Bytes>::default())
        .map_err(|error| text(&error))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|error| text(&error))?;
        let status = answer.status();
        let body =
            Limited::new(answer.into_body(), ANSWER).collect().await.map_err(|error| error.to_string())?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(format!("with status {status}")) }
    };
    tokio::select! {
        answer = exchange => answer,
        () = async { let _ = connection.await; std::future::pending::<()>().await } => Err("nothing".to_owned()),
    }
}
