//! Following the state of a stack to its end.

use std::path::Path;
use std::time::Duration;

use tokio::net::UnixStream;

use super::client::unexpected;
use super::connection::{Patience, ask_and_hold};
use super::protocol::{Request, Response};
use super::snapshot::StackSnapshot;
use super::{Result, socket};

/// Beyond the time that a question waits by intention, a supervisor may take so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// One who sees each state, the last one too: it holds the connection of the last answer until the next question is
/// answered, and a supervisor that ends waits for that (at most 1 s).
#[derive(Debug, Default)]
pub(crate) struct Follower {
    seen: Option<u64>,
    held: Option<UnixStream>,
}

impl Follower {
    /// The state now at the first call; later the state as soon as it has changed, at the latest after `limit`. `None`
    /// where no supervisor runs.
    pub(crate) async fn next(&mut self, directory: &Path, limit: Duration) -> Result<Option<StackSnapshot>> {
        let Some(connection) = socket::connect_to(directory)? else {
            self.held = None;
            return Ok(None);
        };
        // a first question is one for a change too: only those are waited for at the end
        let (generation, limit) = self.seen.map_or((0, Duration::ZERO), |generation| (generation, limit));
        let timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let patience = Patience { limit: PATIENCE.saturating_add(limit), mends: false };
        let request = Request::Changed { generation, timeout_ms };
        let asked = ask_and_hold(directory, Some(connection), &request, patience).await;
        // also of an answer that is an error: who holds nothing is not waited for
        self.held = None;
        let (response, connection) = asked?;
        let Response::Snapshot(snapshot) = response else { return Err(unexpected(response)) };
        self.seen = Some(snapshot.generation);
        self.held = Some(connection);
        Ok(Some(*snapshot))
    }
}
