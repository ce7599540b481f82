//! Everything of one agent, as found.

use futures_util::future::join_all;

use super::kind::Kind;
use super::owner::{Found, Owner};
use crate::report::{Failure, Removed};

/// What there is of an agent, by kind.
#[derive(Debug)]
pub(in crate::agent) struct List {
    entries: Vec<(Kind, Result<Found, Failure>)>,
}

/// Looks for everything of an agent.
pub(in crate::agent) async fn list(owner: &Owner<'_>) -> List {
    let entries = join_all(Kind::ALL.map(|kind| async move { (kind, kind.find(owner).await) })).await;
    List { entries }
}

impl List {
    /// The entries, in the order of removal.
    pub(in crate::agent) fn into_entries(self) -> Vec<(Kind, Result<Found, Failure>)> {
        self.entries
    }

    /// What belongs to the agent; by the record where it could not be looked for.
    pub(in crate::agent) fn own(&self, owner: &Owner<'_>) -> Vec<Removed> {
        let of = |(kind, found): &(Kind, Result<Found, Failure>)| match found {
            Ok(found) => found.own.clone(),
            Err(_) => kind.recorded(owner),
        };
        self.entries.iter().flat_map(of).collect()
    }

    /// What has the agent's name and does not carry this home's id.
    pub(in crate::agent) fn foreign(&self) -> Vec<Removed> {
        self.entries.iter().filter_map(|(_, found)| found.as_ref().ok()).flat_map(|it| it.foreign.clone()).collect()
    }

    /// What cannot be looked for any more.
    pub(in crate::agent) fn unreachable(&self) -> Vec<Removed> {
        self.entries.iter().filter_map(|(_, found)| found.as_ref().ok()).flat_map(|it| it.unreachable.clone()).collect()
    }
}
