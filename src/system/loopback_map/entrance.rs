//! The way of one child under the filter.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::descriptor;
use super::filter::Filter;

/// How long a child may take from its `fork` to the filter.
const PATIENCE: Duration = Duration::from_secs(10);

/// Made before `fork`; the child enters, the parent takes the listener.
#[derive(Debug)]
pub struct Entrance {
    filter: Filter,
    ours: OwnedFd,
    its: OwnedFd,
}

/// The child's side, which a closure may keep.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    filter: Filter,
}

impl Entrance {
    /// Before the fork.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<Self> {
        let (ours, its) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        Ok(Self { filter: Filter::new(), ours, its })
    }

    /// The number of the child's end of the connection.
    pub fn its_end(&self) -> RawFd {
        self.its.as_raw_fd()
    }

    /// What the child needs.
    pub fn door(&self) -> Door {
        Door { filter: self.filter }
    }

    /// In the parent: the listener of the child. The child's end of the connection is closed here, so that one that died
    /// is noticed.
    ///
    /// # Errors
    /// The child could not be put under the filter: the kernel's reason.
    pub fn listener(self) -> io::Result<OwnedFd> {
        drop(self.its);
        descriptor::receive(&self.ours, PATIENCE)
    }
}

impl Door {
    /// In the child: puts it under the filter and hands the listener over `socket`. Says why not by an error number,
    /// which the parent gets too. Async-signal-safe.
    ///
    /// # Safety
    /// `socket` is the child's end of the connection, and open.
    pub unsafe fn enter(&self, socket: RawFd) -> Result<(), i32> {
        // SAFETY: promised by the caller.
        let socket = unsafe { BorrowedFd::borrow_raw(socket) };
        match self.filter.install() {
            Ok(listener) => {
                let sent = descriptor::send(socket, 0, Some(listener.as_fd()));
                sent.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
            }
            Err(error) => {
                let _ = descriptor::send(socket, error, None);
                Err(error)
            }
        }
    }
}
