//! The socket that a connect of this machine would reach. Source: `sock_diag(7)`.
//!
//! The kernel looks the one socket up as it does for a connect, in microseconds, however many there are: the tables of
//! [`Listeners`](super::Listeners) also list each connection that was closed in the last minute.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A socket that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListeningSocket {
    /// Its number, which no other socket has since boot (`SO_COOKIE`).
    pub cookie: u64,
    /// Its inode, by which its holders are found.
    pub inode: u64,
}

/// A way to ask the kernel.
#[derive(Debug)]
pub struct SocketTable(OwnedFd);

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct inet_diag_req_v2`.
const REQUEST: usize = 56;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const TCP_LISTEN: u8 = 10;
/// The loopback interface of every network namespace.
const LOOPBACK: u32 = 1;
/// Of `struct inet_diag_msg`, after the header.
const STATE_AT: usize = HEADER + 1;
const COOKIE_AT: usize = HEADER + 44;
const INODE_AT: usize = HEADER + 68;

impl SocketTable {
    /// Opens it.
    ///
    /// # Errors
    /// The kernel, or a sandbox, has no such sockets.
    pub fn open() -> io::Result<Self> {
        // SAFETY: plain system call; what it returns is a new descriptor.
        let table = unsafe {
            let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
            match libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG) {
                -1 => return Err(io::Error::last_os_error()),
                descriptor => Self(OwnedFd::from_raw_fd(descriptor)),
            }
        };
        table.listening((std::net::Ipv4Addr::LOCALHOST, 1).into())?;
        Ok(table)
    }

    /// The socket that listens where a connect to this loopback address arrives; `None` where none does.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn listening(&self, address: SocketAddr) -> io::Result<Option<ListeningSocket>> {
        let request = request(address);
        // SAFETY: the kernel reads the request, and writes at most the length of the answer.
        let (sent, read, answer) = unsafe {
            let sent = libc::send(self.0.as_raw_fd(), request.as_ptr().cast(), request.len(), 0);
            let mut answer = [0_u8; 512];
            // the answer is there when the request has been taken
            let read = libc::recv(self.0.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), libc::MSG_DONTWAIT);
            (sent, read, answer)
        };
        let read = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
        if sent < 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        parse(&answer[..read])
    }
}

fn request(address: SocketAddr) -> [u8; HEADER + REQUEST] {
    let mut request = [0; HEADER + REQUEST];
    let (family, ip): (i32, Vec<u8>) = match address.ip() {
        IpAddr::V4(ip) => (libc::AF_INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (libc::AF_INET6, ip.octets().to_vec()),
    };
    let mut put = |at: usize, bytes: &[u8]| request[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &u32::try_from(HEADER + REQUEST).unwrap_or_default().to_ne_bytes());
    put(4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    put(6, &u16::try_from(libc::NLM_F_REQUEST).unwrap_or_default().to_ne_bytes());
    put(HEADER, &[family.to_ne_bytes()[0], u8::try_from(libc::IPPROTO_TCP).unwrap_or_default()]);
    if cfg!(target_endian = "big") {
        put(HEADER, &[u8::try_from(family).unwrap_or_default()]);
    }
    // every state: of the socket that is found its own is looked at
    put(HEADER + 4, &u32::MAX.to_ne_bytes());
    put(HEADER + 8, &address.port().to_be_bytes());
    put(HEADER + 12, &ip);
    put(HEADER + 44, &LOOPBACK.to_ne_bytes());
    // whatever its cookie is
    put(HEADER + 48, &[0xff; 8]);
    request
}

fn parse(answer: &[u8]) -> io::Result<Option<ListeningSocket>> {
    let word = |at: usize| Some(u32::from_ne_bytes(answer.get(at..at + 4)?.try_into().ok()?));
    let kind = answer.get(4..6).map(|bytes| u16::from_ne_bytes([bytes[0], bytes[1]]));
    if kind.map(i32::from) == Some(libc::NLMSG_ERROR) {
        let error = word(HEADER).map_or(libc::EIO, |error| -error.cast_signed());
        return if error == libc::ENOENT { Ok(None) } else { Err(io::Error::from_raw_os_error(error)) };
    }
    let (Some(low), Some(high), Some(inode)) = (word(COOKIE_AT), word(COOKIE_AT + 4), word(INODE_AT)) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let listens = answer.get(STATE_AT) == Some(&TCP_LISTEN);
    let cookie = u64::from(high) << 32 | u64::from(low);
    Ok(listens.then(|| ListeningSocket { cookie, inode: inode.into() }))
}

/// The number that no other socket has since boot.
///
/// # Errors
/// It is no socket.
pub fn socket_cookie(socket: &OwnedFd) -> io::Result<u64> {
    Ok(rustix::net::sockopt::socket_cookie(socket)?)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_socket_that_a_connect_reaches_is_found_by_its_cookie() {
        let table = SocketTable::open().unwrap();
        for (bound, reached) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("[::1]:0", "::1"),
            ("0.0.0.0:0", "127.0.0.1"),
            ("[::]:0", "127.0.0.1"),
            ("[::]:0", "::1"),
        ] {
            let Ok(listener) = TcpListener::bind(bound) else { continue };
            let port = listener.local_addr().unwrap().port();
            let address = SocketAddr::new(reached.parse().unwrap(), port);
            let connection = TcpStream::connect(address).unwrap();
            let found = table.listening(address).unwrap().unwrap();
            let own = listener.as_fd().try_clone_to_owned().unwrap();
            assert_eq!(found.cookie, socket_cookie(&own).unwrap(), "{bound} {reached}");
            assert!(super::super::holds(std::process::id(), found.inode));
            assert_eq!(super::super::holders_of(found.inode), [std::process::id()]);
            drop((listener, own));
            assert_eq!(table.listening(address).unwrap(), None, "a connection is no listener");
            drop(connection);
        }
    }
}
