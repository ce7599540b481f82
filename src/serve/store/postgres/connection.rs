//! A connection, with a bound on every wait.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, Connection, Socket};

use super::database::QueueDatabase;
use super::tls::Stream;
use crate::serve::store::StoreError;

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// A server that loses its client ends what that began, so that its locks stand in the way of no other one.
const SETTINGS: &str = "SET search_path TO harness; SET statement_timeout TO '10s'; \
                        SET idle_in_transaction_session_timeout TO '15s'; SET client_min_messages TO error";

/// A connection, and what drives it.
pub(super) async fn connect(database: &QueueDatabase) -> Result<(Client, Connection<Socket, Stream>), StoreError> {
    let failed = |source| StoreError::Connect { place: database.place(), source };
    in_time(database, database.connect()).await?.map_err(failed)
}

/// Lets the statements of a connection find our tables.
pub(super) async fn prepare(database: &QueueDatabase, client: &Client) -> Result<(), StoreError> {
    Ok(in_time(database, client.batch_execute(SETTINGS)).await??)
}

/// Waits for the server, and not for ever.
pub(super) async fn in_time<T>(database: &QueueDatabase, work: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout(PATIENCE, work).await.map_err(|_| StoreError::Silent(database.place()))
}
