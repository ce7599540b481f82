//! A client for servers elsewhere: HTTPS with the machine's authorities, and plain HTTP.

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::crypto::ring::default_provider;

/// Keeps connections, so that it belongs to one runtime.
pub type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client of its own. Who may be called without encryption is its user's decision.
///
/// # Errors
/// The machine's authorities cannot be read.
pub fn https_client() -> std::io::Result<HttpsClient> {
    let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(default_provider())?;
    let connector = connector.https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
