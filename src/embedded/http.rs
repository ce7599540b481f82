//! Listening, as both servers do; what happens on a connection is `system`'s.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{Error, Result};
use crate::system::HttpLimits;

/// What both servers take on. Clients of S3 keep many connections and use them again.
pub(super) const LIMITS: HttpLimits =
    HttpLimits { connections: 4096, head: Duration::from_secs(75), last_requests: Duration::from_secs(2) };

/// Listens on every address, or on none.
pub(super) async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for &address in addresses {
        listeners.push(TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?);
    }
    Ok(listeners)
}
