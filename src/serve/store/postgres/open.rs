//! From the settings to a database that can be used.

use std::sync::Arc;

use tokio::sync::Notify;

use super::database::QueueDatabase;
use super::pool::Pool;
use super::{follow, migrations};
use crate::serve::store::StoreError;
use crate::serve::store::here::Here;

/// Opens it, with its shape, and follows what happens there.
pub(in crate::serve::store) async fn open(
    database: &QueueDatabase,
    here: &Here,
    queue: &Arc<Notify>,
) -> Result<Pool, StoreError> {
    let known = migrations::apply(database).await?;
    follow::start(database, known, here, queue).await?;
    Pool::start(database)
}
