//! Where the gateway listens.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::serve::Error;
use crate::system::port_holder;

/// The ports that are tried, the first that may be bound is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    /// What was asked for; nothing else is tried then.
    pub(super) asked: Option<u16>,
    /// Otherwise these: where it listened before, then the usual ones.
    pub(super) usual: [Option<u16>; 3],
    /// The option that asks for another.
    pub(super) option: &'static str,
}

/// Listens on the first port that may be bound: on an address, or on both of loopback.
///
/// # Errors
/// None may be.
pub(super) fn listen(address: Option<IpAddr>, ports: Ports) -> Result<(u16, Vec<TcpListener>), Error> {
    let tried = if ports.asked.is_some() { [ports.asked, None, None] } else { ports.usual };
    let mut failed = None;
    for port in tried.into_iter().flatten() {
        match bind(address, port) {
            Ok(bound) => return Ok(bound),
            Err((address, source)) => failed = Some((address, source)),
        }
    }
    let (address, source) = failed.unwrap_or_else(|| (([127, 0, 0, 1], 0).into(), ErrorKind::InvalidInput.into()));
    Err(match source.kind() {
        ErrorKind::AddrInUse => Error::PortTaken { address, holder: port_holder(address.port()), option: ports.option },
        _ => Error::Listen { address, source },
    })
}

fn bind(address: Option<IpAddr>, port: u16) -> Result<(u16, Vec<TcpListener>), (SocketAddr, io::Error)> {
    let bind = |ip: IpAddr, port: u16| {
        let address = SocketAddr::new(ip, port);
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?.port(), listener))
        });
        bound.map_err(|error| (address, error))
    };
    let (port, listener) = bind(address.unwrap_or(Ipv4Addr::LOCALHOST.into()), port)?;
    if address.is_some() {
        return Ok((port, vec![listener]));
    }
    // a browser may try the one address first or the other: a stranger must not have it
    match bind(Ipv6Addr::LOCALHOST.into(), port) {
        Ok((_, second)) => Ok((port, vec![listener, second])),
        Err((address, error)) if error.kind() == ErrorKind::AddrInUse => Err((address, error)),
        // there is no IPv6 on this machine
        Err(_) => Ok((port, vec![listener])),
    }
}
