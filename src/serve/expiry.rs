//! Leases of the queue end by the clock, whether or not anybody speaks.

use std::time::Duration;

use super::site::Shared;
use super::store::queue::{self, QueueError};

/// How often it is looked.
const EACH: Duration = Duration::from_secs(1);

/// Ends leases until the server ends.
pub(super) async fn watch(site: Shared) {
    let mut stop = site.stop.clone();
    loop {
        tokio::select! {
            () = stop.asked() => return,
            () = tokio::time::sleep(EACH) => {}
        }
        // a database that fails is told to whoever asks for something
        if matches!(site.store.read(queue::has_expired).await, Ok::<_, QueueError>(true)) {
            let _ = site.store.change(queue::expire).await;
            site.queue.notify_waiters();
        }
    }
}
