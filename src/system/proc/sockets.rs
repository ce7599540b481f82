//! Listening TCP sockets and the processes that hold them. Source: `proc_net_tcp(5)`.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::stat::pids;

/// A listening socket of this network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// The address that it is bound to.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    inode: u64,
}

/// Every listening socket at one moment. Reading it costs two files; asking who holds one costs a pass over the
/// descriptors of all processes, made once and for all sockets together.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<Listener>,
    holders: std::cell::OnceCell<HashMap<u64, u32>>,
}

impl Listeners {
    /// Reads the kernel's tables.
    pub fn read() -> Self {
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| table.lines().skip(1).filter_map(listener).collect::<Vec<_>>())
            .collect();
        Self { sockets, holders: std::cell::OnceCell::new() }
    }

    /// All of them.
    pub fn sockets(&self) -> &[Listener] {
        &self.sockets
    }

    /// Those on `port`, on any address.
    pub fn on(&self, port: u16) -> impl Iterator<Item = &Listener> {
        self.sockets.iter().filter(move |socket| socket.port == port)
    }

    /// A process that holds a socket on `port`; `None` when none is known, for example because it belongs to another
    /// user or network namespace. Of several the one on a loopback address or on every address is preferred: a relay on
    /// another address is not the server itself.
    pub fn holder_of(&self, port: u16) -> Option<u32> {
        let mut sockets: Vec<&Listener> = self.on(port).collect();
        sockets.sort_by_key(|socket| !socket.address.is_loopback() && !socket.address.is_unspecified());
        let inodes: Vec<u64> = sockets.into_iter().map(|socket| socket.inode).collect();
        if inodes.is_empty() {
            return None;
        }
        let holders = self.holders.get_or_init(|| self.find_holders());
        inodes.iter().find_map(|inode| holders.get(inode).copied())
    }

    /// The ports that these processes listen on, in order.
    pub fn ports_of(&self, processes: &[u32]) -> Vec<u16> {
        let ports: HashMap<u64, u16> = self.sockets.iter().map(|socket| (socket.inode, socket.port)).collect();
        let held = processes.iter().flat_map(|pid| sockets_of(*pid)).filter_map(|inode| ports.get(&inode).copied());
        let mut held: Vec<u16> = held.collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    /// Of several processes with the same socket the oldest pid, which is usually the parent.
    fn find_holders(&self) -> HashMap<u64, u32> {
        let mut holders: HashMap<u64, u32> = HashMap::with_capacity(self.sockets.len());
        let wanted: std::collections::HashSet<u64> = self.sockets.iter().map(|socket| socket.inode).collect();
        for pid in pids() {
            for inode in sockets_of(pid).filter(|inode| wanted.contains(inode)) {
                let holder = holders.entry(inode).or_insert(pid);
                *holder = pid.min(*holder);
            }
        }
        holders
    }
}

/// The processes that have a socket open, as far as they may be looked at.
pub fn holders_of(inode: u64) -> Vec<u32> {
    pids().filter(|pid| holds(*pid, inode)).collect()
}

/// Whether a process has a socket open.
pub fn holds(pid: u32, inode: u64) -> bool {
    sockets_of(pid).any(|held| held == inode)
}

/// The inodes of the sockets that a process has open.
pub(super) fn sockets_of(pid: u32) -> impl Iterator<Item = u64> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    descriptors.filter_map(|descriptor| socket_inode(&fs::read_link(descriptor.ok()?.path()).ok()?))
}

/// `12` of `socket:[12]`.
fn socket_inode(target: &Path) -> Option<u64> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// A row in the state LISTEN (0A).
fn listener(row: &str) -> Option<Listener> {
    let mut fields = row.split_ascii_whitespace();
    let local = fields.nth(1)?;
    if fields.nth(1)? != "0A" {
        return None;
    }
    let inode = fields.nth(5)?.parse().ok()?;
    let (address, port) = endpoint(local)?;
    Some(Listener { address, port, inode })
}

/// An address and a port as the kernel writes them: `0100007F:0BD6`.
pub(super) fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn rows_of_the_kernels_tables() {
        if cfg!(target_endian = "big") {
            return;
        }
        let row = |address: &str, state: &str| {
            format!("   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 71 1")
        };
        let found =
            |address: &str, state: &str| listener(&row(address, state)).map(|it| (it.address, it.port, it.inode));
        assert_eq!(found("0100007F:0BD6", "0A"), Some((Ipv4Addr::LOCALHOST.into(), 3030, 71)));
        assert_eq!(found("0100007F:0BD6", "01"), None);
        let loopback6 = "00000000000000000000000001000000:1F90";
        assert_eq!(found(loopback6, "0A"), Some((Ipv6Addr::LOCALHOST.into(), 8080, 71)));
    }

    #[test]
    fn a_socket_is_found_with_its_holder() {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let listeners = Listeners::read();
        assert_eq!(listeners.on(port).map(|it| it.address).collect::<Vec<_>>(), [IpAddr::from(Ipv4Addr::LOCALHOST)]);
        assert_eq!(listeners.holder_of(port), Some(std::process::id()));
        assert!(listeners.ports_of(&[std::process::id()]).contains(&port));
        drop(socket);
        assert_eq!(Listeners::read().holder_of(port), None);
    }
}
