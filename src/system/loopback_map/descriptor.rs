//! Handing a listener from the process that came under the filter to the one that serves it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// Sends an error number, 0 for none, and the descriptor. Async-signal-safe: everything is on the stack.
pub(super) fn send(socket: impl AsFd, error: i32, descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let descriptors = descriptor.map(|descriptor| [descriptor]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if let Some(descriptors) = &descriptors {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    sendmsg(socket, &[IoSlice::new(&error.to_ne_bytes())], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits at most `patience` for what [`send`] sends.
pub(super) fn receive(socket: impl AsFd, patience: Duration) -> io::Result<OwnedFd> {
    let limit = Timespec::try_from(patience).ok();
    if poll(&mut [PollFd::new(&socket, PollFlags::IN)], limit.as_ref())? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let mut error = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(socket, &mut [IoSliceMut::new(&mut error)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    match (descriptor, i32::from_ne_bytes(error)) {
        (Some(descriptor), _) => Ok(descriptor),
        (None, 0) => Err(io::ErrorKind::UnexpectedEof.into()),
        (None, _) if message.bytes == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
        (None, error) => Err(io::Error::from_raw_os_error(error)),
    }
}
