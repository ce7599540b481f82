//! Everything of one agent, as found.

use futures_util::future::join_all;

use super::kind::Kind;
use super::owner::{Found, Owner};
use crate::report::{Failure, Removed};

/// What there is of one kind, to be removed.
#[derive(Debug)]
pub(in crate::agent) struct Entry {
    /// Which.
    pub(in crate::agent) kind: Kind,
    /// The things; by the record where they could not be looked for.
    pub(in crate::agent) own: Vec<Removed>,
    /// Why they could not be looked for.
    pub(in crate::agent) problem: Option<Failure>,
}

/// What there is of an agent, by kind.
#[derive(Debug, Default)]
pub(in crate::agent) struct List {
    /// In the order of removal. A dry run prints these, and a real run removes these.
    pub(in crate::agent) entries: Vec<Entry>,
    /// What has the agent's name and does not carry this home's id.
    pub(in crate::agent) foreign: Vec<Removed>,
    /// What cannot be looked for any more.
    pub(in crate::agent) unreachable: Vec<Removed>,
}

/// Looks for everything of an agent.
pub(in crate::agent) async fn list(owner: &Owner<'_>) -> List {
    let looks = join_all(Kind::ALL.map(|kind| async move { (kind, kind.find(owner).await) })).await;
    let mut list = List::default();
    for (kind, found) in looks {
        let (own, problem) = match found {
            Ok(Found { own, foreign, unreachable }) => {
                list.foreign.extend(foreign);
                list.unreachable.extend(unreachable);
                (own, None)
            }
            Err(failure) => (kind.recorded(owner, &format!("not looked at: {failure}")), Some(failure)),
        };
        list.entries.push(Entry { kind, own, problem });
    }
    list
}
