//! Who made a TCP connection of this machine. Source: `proc_net_tcp(5)`.

use std::net::SocketAddr;

use super::sockets::endpoint;

/// The user whose socket is bound to `local` and connected to `remote`; `None` where there is none that is open in both
/// directions. (A socket that its owner has closed is shown as root's.)
pub fn connection_owner(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|table| std::fs::read_to_string(table).ok());
    tables.into_iter().find_map(|table| table.lines().skip(1).find_map(|row| owner(row, local, remote)))
}

/// The user of a row in the state ESTABLISHED (01).
fn owner(row: &str, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
    let same = |found: (std::net::IpAddr, u16), wanted: SocketAddr| {
        found.0.to_canonical() == wanted.ip().to_canonical() && found.1 == wanted.port()
    };
    let mut fields = row.split_ascii_whitespace().skip(1);
    let (own, other, state) = (endpoint(fields.next()?)?, endpoint(fields.next()?)?, fields.next()?);
    let is_it = state == "01" && same(own, local) && same(other, remote);
    // queues, timer, retransmissions
    fields.nth(3).filter(|_| is_it)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_is_its_makers_until_it_is_closed() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, peer) = listener.accept().unwrap();
            let here = server.local_addr().unwrap();
            assert_eq!(connection_owner(peer, here), Some(crate::system::effective_uid()));
            assert_eq!(
                connection_owner(peer, listener.local_addr().unwrap()).is_some(),
                here == server.local_addr().unwrap()
            );
            drop(client);
            assert_eq!(connection_owner(peer, here), None);
        }
    }

    #[test]
    fn the_user_stands_in_the_eighth_column() {
        if cfg!(target_endian = "big") {
            return;
        }
        let row = |state: &str| {
            format!(
                "   1: 0100007F:9C40 0100007F:1F90 {state} 00000000:00000000 00:00000000 00000000  1000        0 71 1"
            )
        };
        let (local, remote) = ("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:8080".parse().unwrap());
        assert_eq!(owner(&row("01"), local, remote), Some(1000));
        assert_eq!(owner(&row("06"), local, remote), None);
        assert_eq!(owner(&row("01"), remote, local), None);
    }
}
