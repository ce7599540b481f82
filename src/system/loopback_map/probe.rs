//! Tries the map out: what a kernel is called does not say whether it can, nor does a container.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::entrance::{Door, Entrance};
use super::listener::{Listener, Served};
use super::outer::refused;
use super::{Error, PortMap, Slot};

/// For a connect on loopback.
const PATIENCE: Duration = Duration::from_secs(5);

/// The port that the trial's program knows.
const NAMED: u16 = 1;

/// Lets a child connect to a port that is mapped to one of ours.
///
/// # Errors
/// Why the map does not work here.
pub fn probe() -> Result<(), Error> {
    let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::Denied)?;
    let instead = target.local_addr().map_err(Error::Denied)?.port();
    let entrance = Entrance::new().map_err(Error::Refused)?;
    let (door, its_end) = (entrance.door(), entrance.its_end());
    // SAFETY: the child calls nothing but async-signal-safe functions, and ends.
    let child = match unsafe { libc::fork() } {
        0 => connect_and_exit(door, its_end),
        child => Pid::from_raw(child).ok_or_else(|| Error::Refused(io::Error::last_os_error()))?,
    };
    let served = match entrance.listener() {
        Ok(listener) => serve(&Listener::new(listener, PortMap::new([(NAMED, instead)]))),
        Err(error) => Err(refused(error)),
    };
    // without a listener its connect fails at once, so that it ends
    let status = waitpid(Some(child), WaitOptions::empty());
    served?;
    let arrived = matches!(status, Ok(Some((_, status))) if status.exit_status() == Some(0));
    if arrived { Ok(()) } else { Err(Error::NotMapped) }
}

/// Answers until the child has ended.
fn serve(listener: &Listener) -> Result<(), Error> {
    let slot = Slot::file().and_then(Slot::of).map_err(Error::Denied)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::NotMapped);
        }
        let _ = poll(&mut [PollFd::new(listener, PollFlags::IN)], Timespec::try_from(left).ok().as_ref());
        match listener.serve(&slot) {
            Served::Mapped => return Ok(()),
            Served::Denied(error) => return Err(Error::Denied(error)),
            Served::Ended => return Err(Error::NotMapped),
            Served::Continued | Served::Nothing => {}
        }
    }
}

/// The child.
fn connect_and_exit(door: Door, socket: RawFd) -> ! {
    // SAFETY: system calls on memory of the stack; then the child ends.
    unsafe {
        if door.enter(socket).is_err() {
            libc::_exit(2);
        }
        let stream = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        let address = libc::sockaddr_in {
            sin_family: libc::sa_family_t::try_from(libc::AF_INET).unwrap_or(0),
            sin_port: NAMED.to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
            sin_zero: [0; 8],
        };
        let length = libc::socklen_t::try_from(size_of_val(&address)).unwrap_or(0);
        libc::_exit(i32::from(libc::connect(stream, (&raw const address).cast(), length) != 0))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_child_of_ours_reaches_the_mapped_port() {
        super::probe().unwrap();
    }
}
