//! Who is connected to a program of ours. Source: `proc_net_tcp(5)`.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::sockets::sockets_of;

/// Both ends of a connection of this network namespace, as hexadecimal `address:port`, and the socket's inode.
struct Connection<'a> {
    local: &'a str,
    remote: &'a str,
    inode: u64,
}

/// Whether a connection to one of `ports` is open whose other end none of the processes `own` holds. One end that this
/// network namespace does not show, of a container or another machine, is a visitor too.
pub fn has_visitors(ports: &[u16], own: &[u32]) -> bool {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|table| fs::read_to_string(table).ok()).any(|table| {
        let connections: Vec<Connection<'_>> = table.lines().skip(1).filter_map(established).collect();
        let has_port = |end: &str| port(end).is_some_and(|port| ports.contains(&port));
        let mut visited = connections.iter().filter(|connection| has_port(connection.local)).peekable();
        if visited.peek().is_none() {
            return false;
        }
        let sockets: HashSet<u64> = own.iter().flat_map(|pid| sockets_of(*pid)).collect();
        let ends: HashMap<(&str, &str), u64> = connections.iter().map(|it| ((it.local, it.remote), it.inode)).collect();
        visited.any(|it| ends.get(&(it.remote, it.local)).is_none_or(|inode| !sockets.contains(inode)))
    })
}

/// A row in the state ESTABLISHED (01).
fn established(row: &str) -> Option<Connection<'_>> {
    let mut fields = row.split_ascii_whitespace();
    let (local, remote, state) = (fields.nth(1)?, fields.next()?, fields.next()?);
    if state != "01" {
        return None;
    }
    Some(Connection { local, remote, inode: fields.nth(5)?.parse().ok()? })
}

fn port(end: &str) -> Option<u16> {
    u16::from_str_radix(end.split_once(':')?.1, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_of_ones_own_is_no_visit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(!has_visitors(&[address.port()], &[]));
        let _client = TcpStream::connect(address).unwrap();
        let _server = listener.accept().unwrap();
        assert!(has_visitors(&[address.port()], &[]));
        assert!(!has_visitors(&[address.port()], &[std::process::id()]));
        assert!(!has_visitors(&[1], &[]));
    }
}
