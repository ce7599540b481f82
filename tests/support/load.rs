//! Requests without pause, to show that a neighbour misses none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use super::http::try_get;

/// A thread that asks one thing again and again.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Load {
    /// Begins to ask.
    pub(crate) fn on(port: u16, path: &'static str) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            let mut failures = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                match try_get(port, path) {
                    Ok(answer) if answer.status == 200 => {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(answer) => failures.push(format!("{port}{path}: {answer:?}")),
                    Err(error) => failures.push(format!("{port}{path}: {error}")),
                }
            }
            failures
        });
        Self { stop, answered, thread: Some(thread) }
    }

    /// How many requests were answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Stops asking; fails the test when a request was missed, or when none was made.
    #[track_caller]
    pub(crate) fn assert_none_missed(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let failures = self.thread.take().expect("joined once").join().expect("the load does not panic");
        assert!(failures.is_empty(), "{} requests were missed, the first: {}", failures.len(), failures[0]);
        assert!(self.answered() > 0, "no request was made");
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
