//! How long something may take, and what it is called.
//!
//! A verb makes one [`Deadline`] and passes it down; each wait below takes it, or a shorter one. It is a `Copy`
//! value, so a function that takes a deadline cannot wait longer than its caller allowed. A wait that ends late
//! returns [`TimedOut`], which names what was waited for.
//!
//! It serves asynchronous code ([`Deadline::run`], [`Deadline::poll`]) and blocking code
//! ([`Deadline::remaining`], [`Deadline::check`], [`Deadline::poll_blocking`]) alike. It does not end anything
//! by itself: a future that is dropped must release what it holds, and a blocking call needs a limit of its own.

use std::time::{Duration, Instant};

/// The moment by which something must have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    what: &'static str,
    limit: Duration,
    at: Instant,
}

/// Something did not happen in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("timed out after {} waiting for {what}", readable(*.limit))]
pub struct TimedOut {
    /// What was waited for, as a noun: `the database server`.
    pub what: &'static str,
    /// How long.
    pub limit: Duration,
}

impl Deadline {
    /// `what` must happen within `limit` from now; `what` is a noun: `the database server`.
    pub fn after(what: &'static str, limit: Duration) -> Self {
        Self { what, limit, at: Instant::now() + limit }
    }

    /// The same deadline, or `limit` from now where that is earlier.
    #[must_use]
    pub fn shorter(self, limit: Duration) -> Self {
        let at = Instant::now() + limit;
        if at < self.at { Self { limit, at, ..self } } else { self }
    }

    /// The same deadline for a part of the work with a name of its own.
    #[must_use]
    pub fn naming(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    /// The time that is left; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Whether no time is left.
    pub fn passed(&self) -> bool {
        Instant::now() >= self.at
    }

    /// The moment itself, for `select!` and `poll`.
    pub fn instant(&self) -> Instant {
        self.at
    }

    /// The error of a wait that this deadline ended.
    pub fn timed_out(&self) -> TimedOut {
        TimedOut { what: self.what, limit: self.limit }
    }

    /// For loops in blocking code.
    ///
    /// # Errors
    /// No time is left.
    pub fn check(&self) -> Result<(), TimedOut> {
        if self.passed() { Err(self.timed_out()) } else { Ok(()) }
    }

    /// Runs `future` until it is done or the time is over, when it is dropped.
    ///
    /// # Errors
    /// The time was over first.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> Result<T, TimedOut> {
        tokio::time::timeout_at(self.at.into(), future).await.map_err(|_| self.timed_out())
    }

    /// Waits for `pause`, or until the deadline where that is earlier.
    pub async fn pause(&self, pause: Duration) {
        tokio::time::sleep(pause.min(self.remaining())).await;
    }

    /// Asks `attempt` again after each `pause` until it returns a value. It is asked at least once; one attempt
    /// cannot take longer than the deadline.
    ///
    /// # Errors
    /// The time was over first.
    pub async fn poll<T>(&self, pause: Duration, mut attempt: impl AsyncFnMut() -> Option<T>) -> Result<T, TimedOut> {
        loop {
            if let Some(found) = self.run(attempt()).await? {
                return Ok(found);
            }
            self.check()?;
            self.pause(pause).await;
        }
    }

    /// The same in blocking code, where an attempt must end by itself.
    ///
    /// # Errors
    /// The time was over first.
    pub fn poll_blocking<T>(&self, pause: Duration, mut attempt: impl FnMut() -> Option<T>) -> Result<T, TimedOut> {
        loop {
            if let Some(found) = attempt() {
                return Ok(found);
            }
            self.check()?;
            std::thread::sleep(pause.min(self.remaining()));
        }
    }
}

/// `15s`, `1.5s`, `300ms`.
fn readable(limit: Duration) -> String {
    if limit < Duration::from_secs(1) {
        format!("{}ms", limit.as_millis())
    } else {
        format!("{}s", limit.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_wait_ends_with_the_name_of_what_was_waited_for() {
        let deadline = Deadline::after("the database server", Duration::from_millis(20));
        let error = deadline.run(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(error.to_string(), "timed out after 20ms waiting for the database server");
        assert!(deadline.passed() && deadline.remaining().is_zero() && deadline.check().is_err());
        let part = Deadline::after("the launch", Duration::from_secs(90)).naming("the mail server");
        assert_eq!(part.timed_out().to_string(), "timed out after 90s waiting for the mail server");
        assert_eq!(part.run(async { 7 }).await, Ok(7));
    }

    #[test]
    fn a_part_never_has_more_time_than_the_whole() {
        let whole = Deadline::after("the launch", Duration::from_secs(10));
        assert_eq!(whole.shorter(Duration::from_mins(1)), whole);
        assert!(whole.shorter(Duration::from_secs(1)).remaining() <= Duration::from_secs(1));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_condition_is_asked_until_it_holds() {
        let deadline = Deadline::after("the third attempt", Duration::from_secs(20));
        let mut asked = 0;
        let found = deadline.poll(Duration::from_millis(1), async || {
            asked += 1;
            (asked == 3).then_some("ready")
        });
        assert_eq!(found.await, Ok("ready"));
        let over = Deadline::after("nothing", Duration::ZERO);
        assert_eq!(over.poll_blocking(Duration::from_millis(1), || Some(1)), Ok(1), "asked once in any case");
        assert!(over.poll_blocking(Duration::from_millis(1), || None::<()>).is_err());
    }
}
