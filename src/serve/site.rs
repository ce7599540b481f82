//! What every answer is made from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Notify;

use super::counted::Counted;
use super::failures::Failures;
use super::keys::Keys;
use super::links::Links;
use super::settings::{GitHub, Settings};
use super::store::Store;
use super::watch::Picture;
use super::workers::Workers;
use super::working::Working;
use crate::system::{Home, Stop};

/// One server, as its handlers share it.
pub(super) type Shared = Arc<Site>;

/// One server.
pub(super) struct Site {
    pub(super) home: Home,
    /// The caller's environment.
    pub(super) environment: BTreeMap<String, String>,
    /// Where it listens; there is one at least.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) settings: Settings,
    /// How GitHub is spoken to.
    pub(super) github: GitHub,
    pub(super) keys: Keys,
    pub(super) links: Links,
    pub(super) failures: Failures,
    pub(super) store: Store,
    /// The stacks as they were last seen.
    pub(super) picture: Picture,
    pub(super) counted: Arc<Counted>,
    pub(super) working: Working,
    pub(super) workers: Workers,
    /// Something happened in the queue.
    pub(super) queue: Arc<Notify>,
    /// When everything should end.
    pub(super) stop: Stop,
}

/// What a browser on this machine calls a server at `address`.
pub(super) fn url_of(address: SocketAddr) -> String {
    let host = if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address };
    format!("http://{host}")
}

impl Site {
    /// What a browser on this machine calls the server.
    pub(super) fn url(&self) -> String {
        let address = self.addresses.first().copied().unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        url_of(address)
    }

    /// The cookie's name. It has the port, since a browser sends the cookies of an address to all its ports.
    pub(super) fn cookie_name(&self) -> String {
        format!("harness_{}", self.addresses.first().map_or(0, SocketAddr::port))
    }
}
