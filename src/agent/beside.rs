//! Work on several agents in one command, beside each other.

use std::num::NonZero;

use futures_util::stream::{self, StreamExt};

/// So many at once for each processor: much of the work waits for a server or a disk.
const FOR_EACH_PROCESSOR: usize = 4;

/// Never more at once: each holds connections and starts processes.
const MOST: usize = 16;

/// Runs `work`, a limited number of pieces at once; returns what came of each in the order that they were given in.
pub(super) async fn all<T>(work: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let numbered = work.into_iter().enumerate().map(|(number, work)| async move { (number, work.await) });
    let limit = (processors * FOR_EACH_PROCESSOR).min(MOST);
    let mut results: Vec<(usize, T)> = stream::iter(numbered).buffer_unordered(limit).collect().await;
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn results_keep_their_order_and_few_run_at_once() {
        let (now, most) = (Cell::new(0_usize), Cell::new(0_usize));
        let work = (0..99_usize).map(|number| {
            let (now, most) = (&now, &most);
            async move {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                // later ones end first
                for _ in number..99 {
                    tokio::task::yield_now().await;
                }
                now.set(now.get() - 1);
                number
            }
        });
        assert_eq!(all(work).await, (0..99).collect::<Vec<_>>());
        assert!((1..=MOST).contains(&most.get()), "{} at once", most.get());
    }
}
