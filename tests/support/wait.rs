//! Waiting for a condition, with a deadline and the last status in the message.

use std::fmt::Display;
use std::time::{Duration, Instant};

use harness::system::Deadline;

/// For what happens at once on an idle machine, on a busy one.
pub(crate) const SHORT: Duration = Duration::from_secs(20);
/// For what may have to build a template or start servers first.
pub(crate) const LONG: Duration = Duration::from_mins(2);

/// Asks `probe` until it has an answer. `Err` says what is the case instead.
///
/// # Panics
/// After `deadline`, with the last status.
#[track_caller]
pub(crate) fn wait_for<T, S: Display>(what: &str, deadline: Duration, mut probe: impl FnMut() -> Result<T, S>) -> T {
    let began = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        match probe() {
            Ok(value) => return value,
            Err(status) => {
                assert!(began.elapsed() < deadline, "waited {deadline:?} for {what}; last status: {status}");
            }
        }
        // the pause between two looks, not a wait in the hope that something has happened
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Asks until `condition` holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, deadline, || if condition() { Ok(()) } else { Err("not so") });
}

/// The same where the work that is waited for runs on this thread.
///
/// # Panics
/// After `limit`.
pub(crate) async fn until(what: &'static str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Deadline::after(what, limit);
    deadline.poll(Duration::from_millis(5), async || condition().then_some(())).await.expect("it happens in time");
}

#[test]
#[should_panic(expected = "waited 30ms for the moon; last status: 3 clouds")]
fn the_last_status_is_in_the_message() {
    let mut clouds = 0;
    wait_for("the moon", Duration::from_millis(30), || {
        clouds = (clouds + 1).min(3);
        Err::<(), _>(format!("{clouds} clouds"))
    });
}
