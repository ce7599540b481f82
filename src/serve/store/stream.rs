//! The last events, in memory, and a sign for who waits for the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

/// How many events are in memory.
const NEAR: usize = 1024;

/// What was told last, and a sign that there is more.
pub(in crate::serve) struct Stream {
    near: Mutex<VecDeque<(u64, Arc<str>)>>,
    pub(super) latest: watch::Sender<u64>,
}

impl Stream {
    /// A stream that goes on after `latest`.
    pub(super) fn new(latest: u64) -> Self {
        Self { near: Mutex::default(), latest: watch::Sender::new(latest) }
    }

    /// The number of the last event.
    pub(super) fn latest(&self) -> u64 {
        *self.latest.borrow()
    }

    /// Takes events that are in the store, in order.
    pub(super) fn publish(&self, events: Vec<(u64, Arc<str>)>) {
        let Some((last, _)) = events.last() else { return };
        let last = *last;
        if let Ok(mut near) = self.near.lock() {
            near.extend(events);
            let surplus = near.len().saturating_sub(NEAR);
            near.drain(..surplus);
        }
        self.latest.send_replace(last);
    }

    /// What is in memory after a number; `None` where it does not begin there.
    pub(super) fn near(&self, after: u64) -> Option<Vec<(u64, Arc<str>)>> {
        let near = self.near.lock().ok()?;
        let (first, _) = near.front()?;
        let skipped = usize::try_from((after + 1).checked_sub(*first)?).ok()?;
        Some(near.iter().skip(skipped).take(super::events::BATCH).cloned().collect())
    }
}
