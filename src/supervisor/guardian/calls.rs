//! Waiting, and answering calls of mapped programs meanwhile.

use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::supervisor::listeners::Listeners;
use crate::system::loopback_map::{Served, Slot};

/// Waits until one of `own` is ready or `until` has come.
pub(super) fn serve_until(own: &mut [PollFd<'_>], until: Option<Instant>, listeners: &Listeners, slot: &Slot) {
    loop {
        let left = until.map(|at| at.saturating_duration_since(Instant::now()));
        let limit = left.and_then(|left| Timespec::try_from(left).ok());
        let (is_over, ended) = listeners.with(|listeners| {
            if listeners.is_empty() {
                let _ = poll(own, limit.as_ref());
                return (true, 0);
            }
            let mut descriptors = own.to_vec();
            descriptors.extend(listeners.iter().map(|listener| PollFd::new(listener, PollFlags::IN)));
            let _ = poll(&mut descriptors, limit.as_ref());
            let is_ready = |descriptor: &PollFd<'_>| !descriptor.revents().is_empty();
            let calls = descriptors[own.len()..].iter().zip(listeners).filter(|(descriptor, _)| is_ready(descriptor));
            let ended = calls.filter(|(_, listener)| matches!(listener.serve(slot), Served::Ended)).count();
            (descriptors[..own.len()].iter().any(is_ready), ended)
        });
        if ended > 0 {
            listeners.forget_ended();
        }
        if is_over || until.is_some_and(|at| at <= Instant::now()) {
            return;
        }
    }
}
