//! Listening, as both servers do; what happens on a connection is `system`'s.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{Error, Result};

/// Requests in progress get this long to finish once the server should end.
pub(super) const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// Listens on every address, or on none.
pub(super) async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for &address in addresses {
        listeners.push(TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?);
    }
    Ok(listeners)
}
