//! Addresses as programs hand them to the kernel, and what the map makes of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ports::PortMap;

/// The calls that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Bind,
    Connect,
}

/// `struct sockaddr_in`.
const IPV4: usize = 16;
/// `struct sockaddr_in6` without its scope, as the kernel accepts it.
const IPV6: usize = 24;
/// The longest address that is read: `struct sockaddr_storage`.
pub(super) const LONGEST: usize = 128;
/// The shortest that can be mapped.
pub(super) const SHORTEST: usize = IPV4;

/// The address with its port replaced; `None` where the call stays what it is.
///
/// A bind is mapped on every address. A connect is mapped where it stays on this machine: 127.0.0.0/8, `::1`, the same
/// written as IPv6, and the unspecified address, which the kernel takes for loopback.
pub(super) fn mapped(call: Call, address: &[u8], map: &PortMap) -> Option<Vec<u8>> {
    let ip = internet(address)?.ip();
    if call == Call::Connect && !ip.is_loopback() && !ip.is_unspecified() {
        return None;
    }
    let instead = map.instead_of(u16::from_be_bytes([address[2], address[3]]))?;
    let mut address = address.to_vec();
    address[2..4].copy_from_slice(&instead.to_be_bytes());
    Some(address)
}

/// An address of the internet; one of IPv4 that is written as IPv6 is one of IPv4.
pub(super) fn internet(address: &[u8]) -> Option<SocketAddr> {
    let family = i32::from(u16::from_ne_bytes(address.get(..2)?.try_into().ok()?));
    let ip: IpAddr = match family {
        libc::AF_INET if address.len() >= IPV4 => Ipv4Addr::from(<[u8; 4]>::try_from(&address[4..8]).ok()?).into(),
        libc::AF_INET6 if address.len() >= IPV6 => Ipv6Addr::from(<[u8; 16]>::try_from(&address[8..24]).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip.to_canonical(), u16::from_be_bytes([address[2], address[3]])))
}

/// Where a connect to this address stays on this machine, the address of loopback that it reaches.
pub(super) fn on_loopback(address: &[u8]) -> Option<SocketAddr> {
    let address = internet(address)?;
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    ip.is_loopback().then(|| SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(address: &str) -> Vec<u8> {
        let address: SocketAddr = address.parse().unwrap();
        let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let mut bytes = u16::try_from(family).unwrap().to_ne_bytes().to_vec();
        bytes.extend(address.port().to_be_bytes());
        match address.ip() {
            IpAddr::V4(ip) => bytes.extend(ip.octets().into_iter().chain([0; 8])),
            IpAddr::V6(ip) => bytes.extend([0; 4].into_iter().chain(ip.octets()).chain([0; 4])),
        }
        bytes
    }

    #[test]
    fn a_connect_is_mapped_on_loopback_and_a_bind_everywhere() {
        let map = PortMap::new([(3000, 5010)]);
        let table = [
            ("127.0.0.1:3000", true, true),
            ("127.8.9.1:3000", true, true),
            ("[::1]:3000", true, true),
            ("[::ffff:127.0.0.1]:3000", true, true),
            ("0.0.0.0:3000", true, true),
            ("[::]:3000", true, true),
            ("10.0.0.1:3000", false, true),
            ("[2001:db8::1]:3000", false, true),
            ("[::ffff:10.0.0.1]:3000", false, true),
            ("127.0.0.1:3001", false, false),
        ];
        for (address, connect, bind) in table {
            let port = address.rsplit_once(':').unwrap().1;
            let instead = bytes(&address.replace(&format!(":{port}"), ":5010"));
            for (call, is_mapped) in [(Call::Connect, connect), (Call::Bind, bind)] {
                let expected = is_mapped.then(|| instead.clone());
                assert_eq!(mapped(call, &bytes(address), &map), expected, "{call:?} {address}");
            }
        }
    }

    #[test]
    fn what_stays_on_this_machine_is_recognised() {
        for (address, reached) in [
            ("127.0.0.1:3000", Some("127.0.0.1:3000")),
            ("127.8.9.1:3000", Some("127.8.9.1:3000")),
            ("0.0.0.0:3000", Some("127.0.0.1:3000")),
            ("[::]:3000", Some("[::1]:3000")),
            ("[::1]:3000", Some("[::1]:3000")),
            ("[::ffff:127.0.0.1]:3000", Some("127.0.0.1:3000")),
            ("10.0.0.1:3000", None),
            ("[2001:db8::1]:3000", None),
        ] {
            assert_eq!(on_loopback(&bytes(address)), reached.map(|it| it.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_of_the_internet_is_left_alone() {
        let map = PortMap::new([(3000, 5010), (12131, 1)]);
        let mut unix = u16::try_from(libc::AF_UNIX).unwrap().to_ne_bytes().to_vec();
        unix.extend(b"/run/socket-with-a-long-name");
        for address in [&unix, &bytes("127.0.0.1:3000")[..8].to_vec(), &bytes("[::1]:3000")[..20].to_vec(), &vec![2]] {
            assert_eq!(mapped(Call::Connect, address, &map), None);
        }
    }
}
