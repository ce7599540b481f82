//! Who listens on which address of this machine, and where connections to it are passed on to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::system::proc::Listeners;

/// Listening addresses by port, of every process.
pub(super) fn listening() -> BTreeMap<u16, Vec<IpAddr>> {
    let mut ports: BTreeMap<u16, Vec<IpAddr>> = BTreeMap::new();
    for socket in Listeners::read().sockets() {
        ports.entry(socket.port).or_default().push(socket.address);
    }
    ports
}

/// Where connections to a port should be passed on to; `None` when the forwarder should not listen on it.
pub(super) fn target(addresses: &[IpAddr], own: IpAddr) -> Option<IpAddr> {
    if addresses.iter().any(IpAddr::is_unspecified) {
        // the application is reached without help, and could not listen again beside us
        return None;
    }
    let loopback = addresses.iter().filter(|address| **address != own && address.is_loopback());
    // most applications listen on 127.0.0.1; some only on ::1
    loopback.min().copied()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn it_stays_out_of_the_applications_way() {
        let own: IpAddr = "172.18.0.1".parse().unwrap();
        let four: IpAddr = Ipv4Addr::LOCALHOST.into();
        let six: IpAddr = Ipv6Addr::LOCALHOST.into();
        assert_eq!(target(&[], own), None);
        assert_eq!(target(&[own], own), None);
        assert_eq!(target(&[own, four], own), Some(four));
        assert_eq!(target(&[six], own), Some(six));
        assert_eq!(target(&[six, four], own), Some(four));
        assert_eq!(target(&[own, Ipv4Addr::UNSPECIFIED.into()], own), None);
        assert_eq!(target(&[Ipv6Addr::UNSPECIFIED.into(), four], own), None);
    }
}
