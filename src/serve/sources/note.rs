//! What an issue is about to be told, and was told, is written down.

use super::call::Failed;
use crate::report::Happening;
use crate::serve::site::Shared;
use crate::serve::store::Sql;
use crate::serve::store::queue::QueueError;
use crate::serve::store::sources::Untold;

type Note = fn(&dyn Sql, &Untold) -> Result<((), Vec<Happening>), QueueError>;

/// Writes it down.
pub(super) async fn note(site: &Shared, untold: &Untold, what: Note) -> Result<(), Failed> {
    let untold = untold.clone();
    let noted = site.store.change(move |sql| what(sql, &untold)).await;
    noted.map_err(|_| Failed::Here("what an issue hears cannot be written down"))
}
