//! How much memory the stack needs, sampled while it runs: whoever launches another one asks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use crate::supervisor::process_tree::ProcessTrees;
use crate::supervisor::snapshot::MemoryUse;
use crate::supervisor::stats::proportional_memory;

/// The first sample comes when most applications have started.
const FIRST: Duration = Duration::from_secs(10);

/// Reading it takes a millisecond or two for each large process.
const PERIOD: Duration = Duration::from_secs(30);

/// The last sample and the highest one; `None` before the first.
pub(super) type Sampled = Rc<Cell<Option<MemoryUse>>>;

/// Samples for ever.
pub(super) async fn sample(trees: ProcessTrees, sampled: Sampled) {
    sleep(FIRST).await;
    loop {
        let now: u64 = trees.everyone().iter().filter_map(|stat| proportional_memory(stat.pid)).sum();
        let peak = sampled.get().map_or(now, |before| before.peak.max(now));
        sampled.set(Some(MemoryUse { now, peak }));
        sleep(PERIOD).await;
    }
}
