//! Signs that something in the home's directories has changed, by inotify.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

use crate::supervisor::readable;
use crate::system;

/// The watched directories.
pub(super) struct Signs {
    events: AsyncFd<OwnedFd>,
}

/// An inotify instance.
///
/// # Errors
/// The user has none left.
pub(super) fn instance() -> system::Result<OwnedFd> {
    let made = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK);
    made.map_err(|error| system::Error::call("watch the home")(error.into()))
}

impl Signs {
    /// Nothing is watched yet. To be called on a runtime, with what [`instance`] returned.
    ///
    /// # Errors
    /// The runtime cannot wait for it.
    pub(super) fn new(instance: OwnedFd) -> io::Result<Self> {
        Ok(Self { events: readable(instance)? })
    }

    /// Watches a directory, if there is one. It may be watched already.
    pub(super) fn watch(&self, directory: &Path) {
        // what counts is made, renamed to its name, or a journal that its command closes at its end
        let flags = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE | WatchFlags::DELETE;
        let flags = flags | WatchFlags::ONLYDIR;
        let _ = inotify::add_watch(self.events.get_ref(), directory, flags);
    }

    /// Waits for a sign, and takes all that there are: what to look at is found by looking.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.events.readable().await?;
            let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
            let mut reader = inotify::Reader::new(ready.get_inner(), &mut buffer);
            let mut any = false;
            let ended = loop {
                match reader.next() {
                    Ok(event) => any |= !event.events().contains(ReadFlags::IGNORED),
                    Err(error) => break error,
                }
            };
            if ended != Errno::AGAIN && ended != Errno::INTR {
                return Err(ended.into());
            }
            ready.clear_ready();
            if any {
                return Ok(());
            }
        }
    }
}
