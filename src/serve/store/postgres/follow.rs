//! What happened to tickets and the queue, by whichever server, becomes events of this one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rusqlite::OptionalExtension;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tokio_postgres::AsyncMessage;

use super::connection::{connect, in_time, prepare};
use super::database::QueueDatabase;
use super::link::CHANNEL;
use super::migrations::Known;
use crate::report::Happening;
use crate::serve::store::StoreError;
use crate::serve::store::events::BATCH;
use crate::serve::store::here::Here;

/// It is looked after this time, whether or not anything was heard.
const EACH: Duration = Duration::from_secs(30);
/// A connection that broke is made again after this time.
const AGAIN: Duration = Duration::from_secs(1);

struct Follower {
    database: QueueDatabase,
    identity: String,
    here: Here,
    queue: Arc<Notify>,
}

/// Follows from where this home was last; a database that is new to it, from now on.
pub(super) async fn start(
    database: &QueueDatabase,
    known: Known,
    here: &Here,
    queue: &Arc<Notify>,
) -> Result<(), StoreError> {
    let Known { identity, last } = known;
    let of = identity.clone();
    here.change(move |transaction| {
        let sql = "INSERT INTO followed (database, last) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        transaction.execute(sql, (of, last))?;
        Ok::<_, StoreError>(((), Vec::new()))
    })
    .await?;
    let follower = Follower { database: database.clone(), identity, here: here.clone(), queue: Arc::clone(queue) };
    tokio::spawn(async move {
        loop {
            // a database that cannot be reached is told to whoever asks for something
            let _ = follower.follow().await;
            sleep(AGAIN).await;
        }
    });
    Ok(())
}

impl Follower {
    /// Follows until the connection breaks.
    async fn follow(&self) -> Result<(), StoreError> {
        let (client, mut driver) = connect(&self.database).await?;
        let (notified, mut notices) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(|context| driver.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    // one that waits already tells as much
                    let _ = notified.try_send(());
                }
            }
        });
        prepare(&self.database, &client).await?;
        in_time(&self.database, client.batch_execute(&format!("LISTEN {CHANNEL}"))).await??;
        loop {
            let last = self.last().await?;
            let sql = format!("SELECT number, document FROM outbox WHERE number > $1 ORDER BY number LIMIT {BATCH}");
            let rows = in_time(&self.database, client.query(&sql, &[&last])).await??;
            let mut happenings = Vec::new();
            let mut at = last;
            for row in rows {
                at = row.try_get(0)?;
                // one of a newer harness is passed over
                happenings.extend(serde_json::from_str::<Happening>(row.try_get(1)?).ok());
            }
            if at > last {
                self.tell(at, happenings).await?;
                self.queue.notify_waiters();
                continue;
            }
            if matches!(timeout(EACH, notices.recv()).await, Ok(None)) {
                return Err(StoreError::Closed);
            }
        }
    }

    async fn last(&self) -> Result<i64, StoreError> {
        let identity = self.identity.clone();
        let read = self.here.read(move |connection| {
            let sql = "SELECT last FROM followed WHERE database = ?1";
            Ok::<_, StoreError>(connection.query_row(sql, [identity], |row| row.get(0)).optional()?)
        });
        Ok(read.await?.unwrap_or_default())
    }

    async fn tell(&self, at: i64, happenings: Vec<Happening>) -> Result<(), StoreError> {
        let identity = self.identity.clone();
        self.here
            .change(move |transaction| {
                transaction.execute("UPDATE followed SET last = ?2 WHERE database = ?1", (identity, at))?;
                Ok(((), happenings))
            })
            .await
    }
}
