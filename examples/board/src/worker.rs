//! The worker: takes jobs from the table `jobs`, looks at the upload in the bucket, and tells the API
//! what it is. Several workers share the jobs (`SKIP LOCKED`); a job that fails is tried again.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::http;
use crate::migrate::checksum;
use crate::objects::Objects;
use crate::{database, log, settings};

/// A notification may be lost with its connection, so the table is read without one, too.
const POLL: Duration = Duration::from_secs(5);
const MAX_ATTEMPTS: i32 = 5;

pub async fn work() -> Result<()> {
    let worker = Worker {
        objects: Objects::from_environment()?,
        api: settings::required("API_URL")?.trim_end_matches('/').to_owned(),
        client: http::Client::new(),
    };
    tokio::select! {
        result = worker.run() => result,
        signal = http::stop_signal() => {
            // a job in flight is rolled back with its connection and done by the next worker
            log::info(format_args!("worker stopping signal={}", signal?));
            Ok(())
        }
    }
}

struct Worker {
    objects: Objects,
    api: String,
    client: http::Client,
}

impl Worker {
    async fn run(&self) -> Result<()> {
        // nothing that is found out here can be told without the API
        let _: serde_json::Value =
            self.client.get_json(&format!("{}/health", self.api)).await.context("ask the API")?;
        let mut first = true;
        loop {
            let result = self.work_on_one_connection(&mut first).await;
            match result {
                // the first connection must work: a wrong DATABASE_URL is no passing trouble
                Err(error) if first => return Err(error),
                Err(error) => log::error(format_args!("{error:#}; connecting again")),
                Ok(()) => {}
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn work_on_one_connection(&self, first: &mut bool) -> Result<()> {
        let (mut client, mut news) = listen().await?;
        if *first {
            log::info("worker ready");
            *first = false;
        }
        loop {
            while self.take_one(&mut client).await? {}
            // a notification and the end of the wait mean the same: look again
            if let Ok(None) = timeout(POLL, news.recv()).await {
                return Ok(());
            }
        }
    }

    /// Does the oldest job that nobody else is doing; false when there is none.
    async fn take_one(&self, client: &mut Client) -> Result<bool> {
        let transaction = client.transaction().await?;
        let job = transaction
            .query_opt(
                "SELECT jobs.id, jobs.attempts, uploads.id AS upload, uploads.object_key, uploads.name
                 FROM jobs JOIN uploads ON uploads.id = jobs.upload
                 WHERE jobs.not_before <= now() AND jobs.attempts < $1
                 ORDER BY jobs.id LIMIT 1
                 FOR UPDATE OF jobs SKIP LOCKED",
                &[&MAX_ATTEMPTS],
            )
            .await
            .context("take a job")?;
        let Some(job) = job else { return Ok(false) };
        let (id, upload): (i64, i64) = (job.get("id"), job.get("upload"));
        match self.inspect(upload, job.get("object_key"), job.get("name")).await {
            Ok(kind) => {
                transaction.execute("DELETE FROM jobs WHERE id = $1", &[&id]).await?;
                log::info(format_args!("inspected upload={upload} kind={kind:?}"));
            }
            Err(error) => {
                let attempts = job.get::<_, i32>("attempts") + 1;
                log::error(format_args!("upload={upload} attempt={attempts}: {error:#}"));
                transaction
                    .execute(
                        "UPDATE jobs SET attempts = $2, error = $3, not_before = now() + $2 * interval '1 second'
                         WHERE id = $1",
                        &[&id, &attempts, &format!("{error:#}")],
                    )
                    .await?;
            }
        }
        transaction.commit().await.context("finish a job")?;
        Ok(true)
    }

    async fn inspect(&self, upload: i64, key: &str, name: &str) -> Result<&'static str> {
        let bytes = self.objects.get(key).await?;
        let kind = kind_of(&bytes);
        let inspection = json!({ "sha256": checksum(&bytes), "kind": kind });
        self.client.post_json(&format!("{}/uploads/{upload}/inspection", self.api), &inspection).await?;
        let message = json!({ "author": "worker", "body": format!("{name} is {kind} of {} bytes.", bytes.len()) });
        self.client.post_json(&format!("{}/messages", self.api), &message).await?;
        Ok(kind)
    }
}

/// A connection that hears of new jobs. The channel ends when the connection does.
async fn listen() -> Result<(Client, mpsc::UnboundedReceiver<()>)> {
    let (client, mut connection) = database::config()?.connect(NoTls).await.context("connect to the database")?;
    let (tell, news) = mpsc::unbounded_channel();
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notification(_)) => {
                    let _ = tell.send(());
                }
                Ok(_) => {}
                Err(error) => return log::error(format_args!("lost the database: {error}")),
            }
        }
    });
    client.batch_execute("LISTEN jobs").await.context("listen for jobs")?;
    Ok((client, news))
}

/// What a file is, by its first bytes.
fn kind_of(bytes: &[u8]) -> &'static str {
    let known: [(&[u8], &str); 6] = [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF-", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
    ];
    match known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, kind)) => kind,
        None if std::str::from_utf8(bytes).is_ok() => "a text",
        None => "a file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        assert_eq!(kind_of(b"\x89PNG\r\n\x1a\n...."), "a PNG image");
        assert_eq!(kind_of(b"%PDF-1.7"), "a PDF document");
        assert_eq!(kind_of("Grüße".as_bytes()), "a text");
        assert_eq!(kind_of(b"\xff\x00"), "a file");
    }
}
