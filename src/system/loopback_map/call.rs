//! Making a call in a program's place.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::address::{Call, LONGEST, SHORTEST};
use super::slot::Slot;

/// `PIDFD_THREAD` of Linux 6.9: a thread may have files of its own.
const THREAD: libc::c_uint = libc::O_EXCL.cast_unsigned();

/// A call that a program is waiting in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) call: Call,
    /// The thread.
    pub(super) thread: u32,
    socket: RawFd,
    address: u64,
    length: usize,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The kernel goes on with the program's own call.
    Continue,
    /// It was made; 0 or an error number.
    Made(i32),
}

impl Waiting {
    /// `None` for a call that has no address of the internet.
    pub(super) fn of(notification: &libc::seccomp_notif) -> Option<Self> {
        let call = match libc::c_long::from(notification.data.nr) {
            libc::SYS_bind => Call::Bind,
            libc::SYS_connect => Call::Connect,
            _ => return None,
        };
        let [socket, address, length, ..] = notification.data.args;
        // the kernel takes the lower halves of both numbers
        let length = usize::try_from(length & 0xFFFF_FFFF).ok().filter(|it| (SHORTEST..=LONGEST).contains(it))?;
        #[allow(clippy::cast_possible_truncation)] // as the kernel does
        let socket = socket as i32;
        Some(Self { call, thread: notification.pid, socket, address, length })
    }

    /// The address that the program passed.
    pub(super) fn address(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0_u8; self.length];
        let thread = i32::try_from(self.thread).map_err(|_| io::ErrorKind::InvalidInput)?;
        let pointer = std::ptr::with_exposed_provenance_mut(usize::try_from(self.address).unwrap_or(0));
        let ours = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
        let its = libc::iovec { iov_base: pointer, iov_len: bytes.len() };
        // SAFETY: writes into `bytes`, at most its length; the other address is of another process.
        let read = unsafe { libc::process_vm_readv(thread, &raw const ours, 1, &raw const its, 1, 0) };
        match usize::try_from(read) {
            Err(_) => Err(io::Error::last_os_error()),
            Ok(read) if read < bytes.len() => Err(io::Error::from_raw_os_error(libc::EFAULT)),
            Ok(_) => Ok(bytes),
        }
    }

    /// The program's socket, as a descriptor of ours.
    pub(super) fn socket(&self) -> io::Result<OwnedFd> {
        let pidfd = pidfd_of(self.thread)?;
        // SAFETY: plain system call; what it returns is a new descriptor.
        unsafe {
            let socket = libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), self.socket, 0);
            let socket = RawFd::try_from(socket).ok().filter(|socket| *socket >= 0);
            Ok(OwnedFd::from_raw_fd(socket.ok_or_else(io::Error::last_os_error)?))
        }
    }

    /// Whether it is about a socket of TCP's kind.
    pub(super) fn is_stream(&self) -> bool {
        self.socket().is_ok_and(|socket| kind(&socket) == Some(libc::SOCK_STREAM))
    }

    /// Makes a call that a server before this one may have made already, or half made.
    pub(super) fn make_again(&self, socket: &OwnedFd, address: &[u8], slot: &Slot) -> Outcome {
        if let Some(flags) = slot.flags() {
            let _ = fcntl_setfl(socket, flags);
        }
        match self.make(socket, address, slot) {
            Outcome::Made(libc::EISCONN) if self.call == Call::Connect => Outcome::Made(0),
            Outcome::Made(libc::EALREADY) if self.call == Call::Connect => Outcome::Made(libc::EINPROGRESS),
            Outcome::Made(libc::EINVAL) if self.call == Call::Bind && port_of(socket) == port_in(address) => {
                Outcome::Made(0)
            }
            outcome => outcome,
        }
    }

    /// Makes the call on `socket` with `address`, without waiting.
    pub(super) fn make(&self, socket: &OwnedFd, address: &[u8], slot: &Slot) -> Outcome {
        let length = u32::try_from(address.len()).unwrap_or(0);
        let make = |function: unsafe extern "C" fn(RawFd, *const libc::sockaddr, u32) -> i32| {
            // SAFETY: the address lives across the call, and its length is its own.
            let made = unsafe { function(socket.as_raw_fd(), address.as_ptr().cast(), length) };
            if made == 0 { 0 } else { io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO) }
        };
        match (self.call, kind(socket)) {
            (Call::Bind, Some(libc::SOCK_STREAM | libc::SOCK_DGRAM)) => Outcome::Made(make(libc::bind)),
            (Call::Connect, Some(libc::SOCK_STREAM)) => without_waiting(socket, slot, || make(libc::connect)),
            // it only notes the address
            (Call::Connect, Some(libc::SOCK_DGRAM)) => Outcome::Made(make(libc::connect)),
            _ => Outcome::Continue,
        }
    }
}

/// Begins a connect. What would wait is left to the program's own call, which joins it.
///
/// The flag belongs to the program's socket too. In the microseconds until it is put back the program's thread is in
/// this very call, and there is nothing else to do with a socket that is not connected.
fn without_waiting(socket: &OwnedFd, slot: &Slot, connect: impl Fn() -> i32) -> Outcome {
    let Ok(flags) = fcntl_getfl(socket) else { return Outcome::Continue };
    if flags.contains(OFlags::NONBLOCK) {
        return Outcome::Made(connect());
    }
    slot.set_flags(Some(flags));
    if let Err(error) = fcntl_setfl(socket, flags | OFlags::NONBLOCK) {
        return Outcome::Made(error.raw_os_error());
    }
    let made = connect();
    let _ = fcntl_setfl(socket, flags);
    slot.set_flags(None);
    match made {
        libc::EINPROGRESS | libc::EALREADY => Outcome::Continue,
        made => Outcome::Made(made),
    }
}

/// The port that a socket is bound to.
fn port_of(socket: &OwnedFd) -> Option<u16> {
    SocketAddr::try_from(rustix::net::getsockname(socket).ok()?).ok().map(|address| address.port())
}

/// The port in an address that was mapped.
fn port_in(address: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*address.get(2)?, *address.get(3)?]))
}

/// `SO_TYPE`.
fn kind(socket: &OwnedFd) -> Option<i32> {
    let kind = rustix::net::sockopt::socket_type(socket).ok()?;
    i32::try_from(kind.as_raw()).ok()
}

fn pidfd_of(thread: u32) -> io::Result<OwnedFd> {
    match open_pidfd(thread, THREAD) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => open_pidfd(process_of(thread)?, 0),
        outcome => outcome,
    }
}

fn open_pidfd(pid: u32, flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: plain system call; what it returns is a new descriptor.
    unsafe {
        let pidfd = libc::syscall(libc::SYS_pidfd_open, pid, flags);
        let pidfd = RawFd::try_from(pidfd).ok().filter(|pidfd| *pidfd >= 0);
        Ok(OwnedFd::from_raw_fd(pidfd.ok_or_else(io::Error::last_os_error)?))
    }
}

/// The process of a thread.
fn process_of(thread: u32) -> io::Result<u32> {
    let status = fs::read_to_string(format!("/proc/{thread}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    line.and_then(|pid| pid.trim().parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
