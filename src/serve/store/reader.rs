//! One who follows the events.
//!
//! A reader has a place and no queue: it takes what comes after its place, from the last ones in memory or from the
//! database. One that was away for longer than events are kept gets a mark in place of what it lost.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Store, StoreError};
use crate::report::{Happening, StreamEvent};

/// One who follows the events.
pub(in crate::serve) struct Reader {
    store: Store,
    latest: watch::Receiver<u64>,
    place: u64,
}

impl Reader {
    /// One that has seen the events up to `since`; without it, all that there are.
    pub(in crate::serve) fn new(store: &Store, since: Option<u64>) -> Self {
        let latest = store.stream().latest.subscribe();
        let place = since.unwrap_or_else(|| *latest.borrow());
        Self { store: store.clone(), latest, place }
    }

    /// The number of the last event that it has seen.
    pub(in crate::serve) fn place(&self) -> u64 {
        self.place
    }

    /// The next events with their numbers; waits until there are some.
    ///
    /// # Errors
    /// They could not be read.
    pub(in crate::serve) async fn next(&mut self) -> Result<Vec<(u64, Arc<str>)>, StoreError> {
        let latest = *self.latest.wait_for(|latest| *latest != self.place).await.map_err(|_| StoreError::Closed)?;
        let mut events = if latest < self.place {
            // of another database, whose numbers mean nothing here
            vec![Self::mark(1, latest)]
        } else {
            match self.store.stream().near(self.place) {
                Some(events) => events,
                None => self.store.events_after(self.place).await?,
            }
        };
        match events.first().map(|(number, _)| *number) {
            Some(first) if first > self.place + 1 => events.insert(0, Self::mark(self.place + 1, first - 1)),
            None => events.push(Self::mark(self.place + 1, latest)),
            _ => {}
        }
        self.place = events.last().map_or(latest, |(number, _)| *number);
        Ok(events)
    }

    fn mark(from: u64, to: u64) -> (u64, Arc<str>) {
        let event = StreamEvent {
            schema: "harness/event/1".to_owned(),
            number: to,
            time: jiff::Timestamp::now().to_string(),
            happening: Happening::Lost { from, to },
        };
        (to, serde_json::to_string(&event).unwrap_or_default().into())
    }
}
