//! `/api/v1/info` and `/api/v1/tags`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::embedded::mail::mailbox::Mailbox;

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Info {
    version: String,
    latest_version: String,
    database: String,
    database_size: u64,
    messages: usize,
    unread: usize,
    tags: BTreeMap<String, u64>,
    runtime_stats: RuntimeStats,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RuntimeStats {
    uptime: u64,
    messages_deleted: u64,
    #[serde(rename = "SMTPAccepted")]
    smtp_accepted: u64,
    #[serde(rename = "SMTPAcceptedSize")]
    smtp_accepted_size: u64,
}

pub(super) async fn info(State(mailbox): State<Arc<Mailbox>>) -> Json<Info> {
    let ((messages, unread), counters) = (mailbox.totals(), mailbox.counters());
    let database_size = mailbox.newest_first(|all| all.map(|summary| summary.size as u64).sum());
    Json(Info {
        version: concat!("harness ", env!("CARGO_PKG_VERSION")).to_owned(),
        latest_version: String::new(),
        database: mailbox.directory().display().to_string(),
        database_size,
        messages,
        unread,
        tags: mailbox.tags(),
        runtime_stats: RuntimeStats {
            uptime: BEGAN.elapsed().as_secs(),
            messages_deleted: counters.deleted,
            smtp_accepted: counters.accepted,
            smtp_accepted_size: counters.accepted_bytes,
        },
    })
}

pub(super) async fn tags(State(mailbox): State<Arc<Mailbox>>) -> Json<Vec<String>> {
    Json(mailbox.tags().into_keys().collect())
}
