//! The descriptor on which calls of a program arrive.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::address::{Call, internet, mapped, on_loopback};
use super::call::{Outcome, Waiting};
use super::ports::PortMap;
use super::slot::Slot;
use super::watch::{Asked, Watch};

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP` of Linux 6.6: server and program hand one processor to each other.
const SYNC_WAKE_UP: libc::c_ulong = 1;

/// Calls of one program, and of all that it started.
#[derive(Debug)]
pub struct Listener {
    descriptor: OwnedFd,
    ports: PortMap,
    watch: Option<(Watch, Asked)>,
}

/// What [`Listener::serve`] did.
#[derive(Debug)]
pub enum Served {
    /// The call was made with another port.
    Mapped,
    /// The call continues as it is.
    Continued,
    /// The call continues as it is, because it could not be looked at.
    Denied(io::Error),
    /// Nothing was waiting.
    Nothing,
    /// No program is left.
    Ended,
}

impl Listener {
    /// Serves `descriptor` by `ports`.
    pub fn new(descriptor: OwnedFd, ports: PortMap) -> Self {
        // SAFETY: the argument is a number, not an address; an older kernel refuses it, which is no matter.
        unsafe { libc::ioctl(descriptor.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Self { descriptor, ports, watch: None }
    }

    /// The same, seen by `watch`.
    ///
    /// # Errors
    /// The kernel does not say who listens.
    pub(super) fn watched(self, watch: Option<Watch>) -> io::Result<Self> {
        let watch = watch.map(|watch| Asked::new().map(|asked| (watch, asked))).transpose()?;
        Ok(Self { watch, ..self })
    }

    /// Which ports it maps.
    pub fn ports(&self) -> &PortMap {
        &self.ports
    }

    /// The descriptor.
    pub fn descriptor(&self) -> &OwnedFd {
        &self.descriptor
    }

    /// Whether no program is left under the filter (Linux 5.9; older kernels do not say).
    pub fn has_ended(&self) -> bool {
        let mut descriptors = [PollFd::new(self, PollFlags::IN)];
        let _ = poll(&mut descriptors, Some(&Timespec::default()));
        descriptors[0].revents().contains(PollFlags::HUP)
    }

    /// Answers one call, if one waits. Never waits, as long as no other process reads from this listener.
    pub fn serve(&self, slot: &Slot) -> Served {
        let mut descriptors = [PollFd::new(self, PollFlags::IN)];
        let _ = poll(&mut descriptors, Some(&Timespec::default()));
        let ready = descriptors[0].revents();
        self.serve_ready(ready, slot)
    }

    /// The same after a poll that said this of it.
    fn serve_ready(&self, ready: PollFlags, slot: &Slot) -> Served {
        if !ready.contains(PollFlags::IN) {
            return if ready.contains(PollFlags::HUP) { Served::Ended } else { Served::Nothing };
        }
        if !self.receive(slot) {
            return Served::Nothing;
        }
        self.finish(slot, false)
    }

    /// Answers the call that a server before this one took up and did not answer, if it is one of this listener.
    pub fn resume(&self, slot: &Slot) {
        let id = slot.call().id;
        if id != 0 && self.is_valid(id) {
            self.finish(slot, true);
        }
    }

    fn finish(&self, slot: &Slot, again: bool) -> Served {
        let call = slot.call();
        let (outcome, served) = self.decide(&call, slot, again);
        if let Some(outcome) = outcome {
            self.answer(call.id, outcome);
        }
        slot.emptied();
        served
    }

    /// No outcome when the program has gone away.
    fn decide(&self, notification: &libc::seccomp_notif, slot: &Slot, again: bool) -> (Option<Outcome>, Served) {
        let unchanged = (Some(Outcome::Continue), Served::Continued);
        let Some(waiting) = Waiting::of(notification) else { return unchanged };
        let address = match waiting.address() {
            Ok(address) => address,
            Err(error) => return (Some(Outcome::Continue), Served::Denied(error)),
        };
        let instead = mapped(waiting.call, &address, &self.ports);
        self.see(&waiting, instead.as_ref().unwrap_or(&address), notification.id);
        let Some(address) = instead else { return unchanged };
        let socket = waiting.socket();
        // only now: until here thread and memory may have become another's
        if !self.is_valid(notification.id) {
            return (None, Served::Nothing);
        }
        let outcome = match socket {
            Ok(socket) if again => waiting.make_again(&socket, &address, slot),
            Ok(socket) => waiting.make(&socket, &address, slot),
            // it says so itself
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => Outcome::Continue,
            // to continue would be to reach what belongs to another
            Err(error) => {
                return (Some(Outcome::Made(error.raw_os_error().unwrap_or(libc::EACCES))), Served::Denied(error));
            }
        };
        (Some(outcome), Served::Mapped)
    }

    /// Lets the watch see a call as it will be made.
    fn see(&self, waiting: &Waiting, address: &[u8], id: u64) {
        let Some((watch, asked)) = &self.watch else { return };
        match waiting.call {
            Call::Bind if internet(address).is_some() => {
                if let Ok(socket) = waiting.socket()
                    && self.is_valid(id)
                {
                    watch.binds(&socket);
                }
            }
            Call::Bind => {}
            Call::Connect => {
                if let Some(address) = on_loopback(address) {
                    watch.connects(asked, address, waiting, || self.is_valid(id));
                }
            }
        }
    }

    fn receive(&self, slot: &Slot) -> bool {
        // SAFETY: plain data, which the kernel wants to be zero and fills in.
        unsafe { libc::ioctl(self.descriptor.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, slot.emptied()) == 0 }
    }

    fn is_valid(&self, id: u64) -> bool {
        // SAFETY: the kernel reads the number.
        unsafe { libc::ioctl(self.descriptor.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
    }

    /// An answer to a program that has gone away is no matter.
    fn answer(&self, id: u64, outcome: Outcome) {
        let (error, flags) = match outcome {
            Outcome::Continue => (0, 1),
            Outcome::Made(error) => (-error, 0),
        };
        let mut answer = libc::seccomp_notif_resp { id, val: 0, error, flags };
        // SAFETY: the kernel reads the answer.
        unsafe { libc::ioctl(self.descriptor.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer) };
    }

    /// Serves until no program is left, in a thread of its own, with the slot of `call`.
    ///
    /// # Errors
    /// There can be no thread.
    pub(super) fn serve_in_thread(self, call: OwnedFd) -> io::Result<()> {
        let serve = move || {
            // without memory for a page this process does not go on either
            let Ok(slot) = Slot::of(call) else { return };
            loop {
                let mut descriptors = [PollFd::new(&self, PollFlags::IN)];
                let _ = poll(&mut descriptors, None);
                if let Served::Ended = self.serve_ready(descriptors[0].revents(), &slot) {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("loopback-map".to_owned()).spawn(serve)?;
        Ok(())
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
