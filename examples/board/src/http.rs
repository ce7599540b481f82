//! What the servers share: listening, stopping, errors as JSON, a client.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client as LegacyClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::{log, settings};

/// How long requests in flight may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(5);
/// How long another server may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// The largest body that is read into memory.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// Serves until SIGTERM or SIGINT, then finishes what is in flight.
pub async fn serve(name: &str, port_variable: &str, routes: Router) -> Result<()> {
    let port: u16 = settings::parsed(port_variable)?;
    let host = settings::optional("HOST").unwrap_or_else(|| "127.0.0.1".to_owned());
    let address: SocketAddr = SocketAddr::new(host.parse().context("environment variable HOST")?, port);
    let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
    log::info(format_args!("{name} listening on http://{address}"));

    let (stop, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, routes.layer(middleware::from_fn(access_log)))
        .with_graceful_shutdown(async {
            let _ = stopped.await;
        })
        .into_future();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        result = &mut server => return result.context("serve"),
        signal = stop_signal() => log::info(format_args!("{name} stopping signal={}", signal?)),
    }
    let _ = stop.send(());
    if timeout(DRAIN, server).await.is_err() {
        log::error(format_args!("{name} stopped with requests in flight"));
    }
    Ok(())
}

/// Waits for a request to stop and says which it was.
pub async fn stop_signal() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}

async fn access_log(request: Request, next: Next) -> Response {
    let (method, path, began) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let response = next.run(request).await;
    // probes come twice a second and would drown everything else
    if path != "/health" {
        let status = response.status().as_u16();
        log::info(format_args!("{method} {path} status={status} ms={}", began.elapsed().as_millis()));
    }
    response
}

/// An answer that is not what was asked for: `{"error": "..."}`.
pub struct Failure {
    status: StatusCode,
    error: anyhow::Error,
}

impl Failure {
    /// The caller's own mistake.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: anyhow::Error::msg(message.into()) }
    }

    pub fn not_found(what: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, error: anyhow::Error::msg(what.into()) }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { status: StatusCode::BAD_GATEWAY, error: error.into() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let text = format!("{:#}", self.error);
        if self.status.is_server_error() {
            log::error(&text);
        }
        (self.status, Json(serde_json::json!({ "error": text }))).into_response()
    }
}

/// A client without TLS: the servers it talks to are on this machine.
#[derive(Clone)]
pub struct Client(LegacyClient<HttpConnector, Body>);

impl Client {
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Self(LegacyClient::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends a request whose body and answer are streams.
    pub async fn forward(&self, request: axum::http::Request<Body>) -> Result<Response> {
        let uri = request.uri().clone();
        let target =
            format!("{}://{}", uri.scheme_str().unwrap_or("http"), uri.authority().map_or("", |it| it.as_str()));
        let response = timeout(ANSWER, self.0.request(request))
            .await
            .with_context(|| format!("{target} does not answer"))?
            .with_context(|| format!("cannot reach {target}"))?;
        Ok(response.map(Body::new))
    }

    /// Sends a request and reads the whole answer; a status that is no success is an error.
    pub async fn send(&self, method: Method, url: &str, content_type: &str, body: impl Into<Body>) -> Result<Bytes> {
        // the query may hold a signature, which has no place in messages
        let shown = format!("{method} {}", url.split('?').next().unwrap_or(url));
        let uri: Uri = url.parse().with_context(|| shown.clone())?;
        let request = axum::http::Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", content_type)
            .body(body.into())
            .with_context(|| shown.clone())?;
        let response = self.forward(request).await?;
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), MAX_BODY).await.with_context(|| shown.clone())?;
        if !status.is_success() {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
            bail!("{shown}: {status} {text}");
        }
        Ok(bytes)
    }

    /// Gets a JSON document.
    pub async fn get_json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T> {
        let bytes = self.send(Method::GET, url, "application/json", Body::empty()).await?;
        serde_json::from_slice(&bytes).with_context(|| format!("read the answer of {url}"))
    }

    /// Posts a JSON document.
    pub async fn post_json(&self, url: &str, document: &serde_json::Value) -> Result<Bytes> {
        self.send(Method::POST, url, "application/json", document.to_string()).await
    }
}
