//! The messages that a query finds.

use std::sync::Arc;

use super::Refusal;
use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::mail::message::{Summary, search_text};
use crate::embedded::mail::query::Query;

/// What matches, newest first. Bodies are read from the disk, so this runs where it may block.
pub(in super::super) async fn find(mailbox: Arc<Mailbox>, query: &str) -> Result<Vec<Summary>, Refusal> {
    let query = Query::parse(query)?;
    let found = tokio::task::spawn_blocking(move || {
        let all: Vec<Summary> = mailbox.newest_first(|all| all.cloned().collect());
        let matching = all.into_iter().filter(|summary| {
            query.matches(summary, || {
                let raw = mailbox.raw(&summary.id).ok().flatten();
                raw.map(|raw| search_text(&raw)).unwrap_or_default()
            })
        });
        matching.collect()
    });
    Ok(found.await?)
}
