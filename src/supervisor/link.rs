//! What supervisor and guardian tell each other, over a pair of sockets that keeps messages whole.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::snapshot::ExitStatus;
use crate::system::ProcessIdentity;
use crate::system::loopback_map::PortMap;

/// From the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToGuardian {
    /// A process exists and waits to be let go; with the read ends of its pipes.
    Spawned { name: String, run: u64, identity: ProcessIdentity, started_at_ms: i64 },
    /// A process came under the loopback map; with its listener.
    Mapped { ports: PortMap },
    /// The supervisor is about to reap it.
    Exited { name: String, run: u64, status: ExitStatus },
    /// It was reaped and its pipes have ended.
    Forget { name: String, run: u64 },
    /// The state to start the next supervisor with; a memory file.
    State,
    /// The config in force; a memory file.
    Spec,
    /// Become this binary once the supervisor has ended.
    Replace { binary: String },
    /// Everything is stopped: end with the supervisor.
    Farewell,
    /// The answer to [`ToSupervisor::Ask`].
    Alive,
}

/// From the guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToSupervisor {
    /// A process of a former supervisor ended, and was reaped.
    Exited { name: String, run: u64, status: ExitStatus },
    /// The guardian was asked to end: stop everything.
    Terminate,
    /// Does the supervisor still decide?
    Ask,
}

const LONGEST: usize = 16 * 1024;
const MOST_DESCRIPTORS: usize = 4;

/// The two ends of a new link.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?)
}

/// Sends one message with descriptors. Fails with `WouldBlock` when the other side does not read.
pub(crate) fn send(link: impl AsFd, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    sendmsg(link, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Sends, and waits a second for the other side to read. False when it does not listen; when it is dead, its end of the
/// link says so by itself.
pub(crate) fn send_patiently(link: &OwnedFd, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) -> bool {
    for _ in 0..2 {
        match send(link, message, descriptors) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
                let _ = poll(&mut [PollFd::new(link, PollFlags::OUT)], Some(&limit));
            }
            _ => return true,
        }
    }
    false
}

/// What [`receive`] found.
pub(crate) enum Received<T> {
    Message(T, Vec<OwnedFd>),
    /// Nothing now.
    Empty,
    /// The other side is dead.
    Closed,
}

/// Takes one message off the link, without waiting. One that is not understood is passed over.
pub(crate) fn receive<T: DeserializeOwned>(link: impl AsFd) -> Received<T> {
    loop {
        let mut bytes = [0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let read = match recvmsg(&link, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(message) if message.bytes == 0 => return Received::Closed,
            Ok(message) => message.bytes,
            Err(rustix::io::Errno::AGAIN) => return Received::Empty,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Received::Closed,
        };
        let descriptors = ancillary
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
                _ => None,
            })
            .flatten()
            .collect();
        if let Ok(message) = serde_json::from_slice(&bytes[..read]) {
            return Received::Message(message, descriptors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors_and_an_end_is_seen() {
        let (left, right) = pair().unwrap();
        assert!(matches!(receive::<ToGuardian>(&right), Received::Empty));
        send(&left, &ToGuardian::State, &[left.as_fd()]).unwrap();
        let Received::Message(message, descriptors) = receive::<ToGuardian>(&right) else { panic!("nothing came") };
        assert_eq!((message, descriptors.len()), (ToGuardian::State, 1));
        drop((left, descriptors));
        assert!(matches!(receive::<ToGuardian>(&right), Received::Closed));
    }
}
