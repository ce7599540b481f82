//! What is at work: how many look, and which jobs there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::refusal::Wrong;
use crate::agent::Interruption;

/// Looks at a time; the others wait.
const LOOKS: usize = 16;
/// Viewers of sessions at a time; more are refused.
const VIEWERS: usize = 64;
/// Followers of logs at a time, each with a thread; more are refused.
const FOLLOWERS: usize = 64;
/// Listeners to events over a WebSocket at a time; more are refused.
const LISTENERS: usize = 1500;
/// Jobs at a time; more are refused.
pub(super) const JOBS: usize = 32;

/// What is at work.
pub(super) struct Working {
    looks: Semaphore,
    viewers: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    listeners: Arc<Semaphore>,
    jobs: Mutex<BTreeMap<u64, Interruption>>,
    ended: Notify,
}

impl Default for Working {
    fn default() -> Self {
        Self {
            looks: Semaphore::new(LOOKS),
            viewers: Arc::new(Semaphore::new(VIEWERS)),
            followers: Arc::new(Semaphore::new(FOLLOWERS)),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            jobs: Mutex::default(),
            ended: Notify::new(),
        }
    }
}

impl Working {
    /// A permission to look, once there is one.
    pub(super) async fn look(&self) -> Option<SemaphorePermit<'_>> {
        self.looks.acquire().await.ok()
    }

    /// A permission to view a session for as long as one likes.
    pub(super) fn viewer(&self) -> Result<OwnedSemaphorePermit, Wrong> {
        Arc::clone(&self.viewers).try_acquire_owned().map_err(|_| Wrong::Viewers(VIEWERS))
    }

    /// A permission to follow a log for as long as one likes.
    pub(super) fn follower(&self) -> Result<OwnedSemaphorePermit, Wrong> {
        Arc::clone(&self.followers).try_acquire_owned().map_err(|_| Wrong::Followers(FOLLOWERS))
    }

    /// A permission to listen to events over a WebSocket for as long as one likes.
    pub(super) fn listener(&self) -> Result<OwnedSemaphorePermit, Wrong> {
        Arc::clone(&self.listeners).try_acquire_owned().map_err(|_| Wrong::Listeners(LISTENERS))
    }

    /// A job is at work from now on.
    pub(super) fn begins(&self, id: u64, interruption: &Interruption) {
        if let Ok(mut jobs) = self.jobs.lock() {
            jobs.insert(id, interruption.clone());
        }
    }

    /// It is not any more.
    pub(super) fn ends(&self, id: u64) {
        if let Ok(mut jobs) = self.jobs.lock() {
            jobs.remove(&id);
        }
        self.ended.notify_waiters();
    }

    /// Asks a job to end, as Ctrl-C does; one that is not at work is left.
    pub(super) fn interrupt(&self, id: u64) {
        if let Some(interruption) = self.jobs.lock().ok().and_then(|jobs| jobs.get(&id).cloned()) {
            interruption.ask();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.jobs.lock().map_or(0, |jobs| jobs.len())
    }

    /// Waits until no job is at work.
    pub(super) async fn finished(&self) {
        loop {
            let ended = self.ended.notified();
            if self.count() == 0 {
                return;
            }
            ended.await;
        }
    }
}
