//! What an engine says of one service.

use crate::report::ServerState;

/// The state of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observation {
    /// Its state.
    pub(super) state: ServerState,
    /// Process id of its leader.
    pub(super) pid: Option<u32>,
    /// Why it is in this state.
    pub(super) reason: Option<String>,
}
