//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::system::effective_uid;
use crate::system::proc::connection_owner;

/// One connection of a client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) address: SocketAddr,
    /// The gateway's end.
    pub(super) here: SocketAddr,
    /// Whether it is encrypted.
    pub(super) tls: bool,
    /// Its place among the connections that there may be; a tunnel keeps it.
    pub(super) permit: Arc<OwnedSemaphorePermit>,
}

impl Client {
    pub(super) fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Whether a program of this user, on this machine, made the connection. Reads a file of the kernel.
    pub(super) fn is_owner(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
            && connection_owner(self.address, self.here) == Some(effective_uid())
    }
}
