//! One page of a list of messages, in mailpit's shape.

use serde::{Deserialize, Serialize};

use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::mail::message::Summary;

/// Which part of a list.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) start: usize,
    #[serde(default = "fifty")]
    pub(super) limit: usize,
}

fn fifty() -> usize {
    50
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    /// Messages in the mailbox.
    total: usize,
    /// Unread messages in the mailbox.
    unread: usize,
    /// Messages in this part.
    count: usize,
    /// Messages that match.
    messages_count: usize,
    /// Unread messages that match.
    messages_unread: usize,
    start: usize,
    tags: Vec<String>,
    messages: Vec<Summary>,
}

impl Listing {
    /// A part of `found`, which is what matches, newest first.
    pub(super) fn of(mailbox: &Mailbox, found: Vec<Summary>, page: Page) -> Self {
        let (total, unread) = mailbox.totals();
        let messages_unread = found.iter().filter(|summary| !summary.read).count();
        let messages_count = found.len();
        let messages: Vec<Summary> = found.into_iter().skip(page.start).take(page.limit).collect();
        Self {
            total,
            unread,
            count: messages.len(),
            messages_count,
            messages_unread,
            start: page.start,
            tags: mailbox.tags().into_keys().collect(),
            messages,
        }
    }
}

/// The ids of summaries.
pub(super) fn ids(summaries: Vec<Summary>) -> Vec<String> {
    summaries.into_iter().map(|summary| summary.id).collect()
}
