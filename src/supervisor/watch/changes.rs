//! When changes count: once it has been quiet for a moment.

use std::time::Duration;

use tokio::time::Instant;

use super::sign::{Sign, explain};
use super::watcher::Watcher;
use crate::supervisor::spec::WatchSpec;

/// Changes that never end count after so many debounce times.
const PATIENCE: u32 = 20;

/// Watches for ever; says what it finds to `hear`.
pub(crate) async fn watch(spec: WatchSpec, mut hear: impl FnMut(Sign)) {
    let mut watcher = match Watcher::new(&spec) {
        Ok(watcher) => watcher,
        Err(error) => {
            let text = explain(&error, "watch for changes");
            hear(Sign::Note(text.clone()));
            return hear(Sign::Unwatched(Some(text)));
        }
    };
    for at in 0..watcher.roots.len() {
        watcher.arm(at, &mut hear).await;
    }
    watcher.say_what_is_unwatched(&mut hear);
    hear(Sign::Watching);
    let debounce = Duration::try_from_secs_f64(spec.debounce_seconds).unwrap_or(Duration::from_millis(200));
    loop {
        while !watcher.next_batch(None, &mut hear).await {}
        let mut quiet = Instant::now() + debounce;
        let latest = Instant::now() + debounce * PATIENCE;
        while Instant::now() < quiet.min(latest) {
            if watcher.next_batch(Some(quiet.min(latest)), &mut hear).await {
                quiet = Instant::now() + debounce;
            }
        }
        hear(Sign::Changed);
    }
}
