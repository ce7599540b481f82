//! What every answer of the gateway is made from.

use super::host::Domains;
use super::pool::Pool;
use super::records::Names;
use super::settings::Route;
use crate::system::{Home, Stop};

/// One gateway.
pub(super) struct Site {
    pub(super) home: Home,
    pub(super) domains: Domains,
    /// The port of TLS, where it is spoken: who comes without is sent there.
    pub(super) tls_port: Option<u16>,
    /// The more specific first.
    pub(super) routes: Vec<Route>,
    pub(super) names: Names,
    pub(super) pool: Pool,
    /// By this in `Via` a request is known that has been here: a route that leads back would be followed for ever.
    pub(super) via: String,
    pub(super) stop: Stop,
}
