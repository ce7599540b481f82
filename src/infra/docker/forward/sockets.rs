//! Who listens on which address of this machine, from the kernel's tables. Source: `proc_net_tcp(5)`.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Listening addresses by port, of every process.
pub(super) fn listening() -> BTreeMap<u16, Vec<IpAddr>> {
    let mut ports: BTreeMap<u16, Vec<IpAddr>> = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            if let Some((address, port)) = listener(line) {
                ports.entry(port).or_default().push(address);
            }
        }
    }
    ports
}

/// The address of a row in the state LISTEN (0A).
fn listener(line: &str) -> Option<(IpAddr, u16)> {
    let mut fields = line.split_ascii_whitespace();
    let (address, port) = fields.nth(1)?.split_once(':')?;
    if fields.nth(1)? != "0A" {
        return None;
    }
    Some((ip(address)?, u16::from_str_radix(port, 16).ok()?))
}

/// An address as the kernel writes it: words of 32 bits in the machine's own byte order.
fn ip(hexadecimal: &str) -> Option<IpAddr> {
    let words: Vec<[u8; 4]> = (0..hexadecimal.len() / 8)
        .map(|at| u32::from_str_radix(hexadecimal.get(8 * at..8 * at + 8)?, 16).ok().map(u32::to_ne_bytes))
        .collect::<Option<_>>()?;
    match words.as_slice() {
        [word] => Some(IpAddr::V4(Ipv4Addr::from(*word))),
        [_, _, _, _] => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))),
        _ => None,
    }
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
    use super::*;

    #[test]
    fn rows_of_the_kernels_tables() {
        if cfg!(target_endian = "big") {
            return;
        }
        let row = |address: &str, state: &str| {
            format!("   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 1")
        };
        assert_eq!(listener(&row("0100007F:0BD6", "0A")), Some((Ipv4Addr::LOCALHOST.into(), 3030)));
        assert_eq!(listener(&row("0100007F:0BD6", "01")), None);
        let loopback6 = "00000000000000000000000001000000:1F90";
        assert_eq!(listener(&row(loopback6, "0A")), Some((Ipv6Addr::LOCALHOST.into(), 8080)));
    }

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
