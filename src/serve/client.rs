//! A command's way to the server of its home: one request with the home's token.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Error;
use super::place::Place;
use crate::report::Failure;
use crate::system::{self, Home, Secret};

/// How long a server may take to begin its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The server of a home.
pub(super) struct Server {
    address: SocketAddr,
    token: Secret,
}

impl Server {
    /// The server of this home.
    ///
    /// # Errors
    /// None runs.
    pub(super) fn of(home: &Home) -> Result<Self, Failure> {
        let place = Place::of(home);
        let found = if place.is_served() { place.listening()?.zip(place.token()?) } else { None };
        let Some((listening, token)) = found else { return Err(Error::NotRunning.into()) };
        let address = *listening.addresses.first().ok_or(Error::NotRunning)?;
        Ok(Self { address, token })
    }

    /// Its URL, and the token that opens it.
    fn access(self) -> (String, Secret) {
        (format!("http://{}", reached(self.address)), self.token)
    }

    /// The error of a server that answered something else than it should.
    pub(super) fn no_answer(&self, answer: String) -> Error {
        Error::NoAnswer { address: self.address, answer }
    }

    /// Sends a request without a body; returns an answer that says success.
    ///
    /// # Errors
    /// It does not answer in time, or with another status.
    pub(super) async fn ask(&self, method: Method, path: &str) -> Result<Response<Incoming>, Error> {
        let answer = self.answer(method, path, Bytes::new()).await?;
        let status = answer.status();
        if status.is_success() { Ok(answer) } else { Err(self.no_answer(format!("with status {status}"))) }
    }

    /// Sends a request; returns whatever is answered.
    ///
    /// # Errors
    /// It does not answer in time.
    pub(super) async fn answer(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Error> {
        let answer = tokio::time::timeout(PATIENCE, self.send(method, path, body)).await;
        answer.map_err(|_| "nothing".to_owned()).flatten().map_err(|answer| self.no_answer(answer))
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, String> {
        let text = |error: &dyn std::error::Error| system::with_causes(error);
        let (address, token) = (self.address, self.token.expose());
        let reached = reached(address);
        let stream = TcpStream::connect(reached).await.map_err(|error| text(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
        // ends with the answer's body
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, reached.to_string())
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::new(body))
            .map_err(|error| text(&error))?;
        sender.send_request(request).await.map_err(|error| text(&error))
    }
}

/// Where a server is reached that may listen at every address.
fn reached(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { ([127, 0, 0, 1], address.port()).into() } else { address }
}

/// The URL of the server of this home, and the token that opens it.
///
/// # Errors
/// None runs.
pub fn access(home: &Home) -> Result<(String, Secret), Failure> {
    Ok(Server::of(home)?.access())
}
