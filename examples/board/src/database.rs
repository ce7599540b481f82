//! The connection to PostgreSQL, made again when it was lost.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use crate::{log, settings};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);

/// One connection that all requests share: queries are pipelined, none of them is a transaction.
pub struct Database {
    config: Config,
    client: Mutex<Option<Arc<Client>>>,
}

impl Database {
    pub fn from_environment() -> Result<Self> {
        Ok(Self { config: config()?, client: Mutex::new(None) })
    }

    /// The connection. A server that was restarted under us is noticed here.
    pub async fn client(&self) -> Result<Arc<Client>> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(connect(&self.config).await?);
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Asks the server one thing.
    pub async fn check(&self) -> Result<()> {
        let client = self.client().await?;
        timeout(QUERY_TIMEOUT, client.simple_query("SELECT 1"))
            .await
            .context("the database does not answer")?
            .context("ask the database")?;
        Ok(())
    }
}

/// A connection of one's own, for transactions.
pub async fn dedicated() -> Result<Client> {
    connect(&config()?).await
}

pub fn config() -> Result<Config> {
    let mut config: Config = settings::parsed("DATABASE_URL")?;
    config.application_name("board").connect_timeout(CONNECT_TIMEOUT);
    Ok(config)
}

async fn connect(config: &Config) -> Result<Client> {
    let (client, connection) = timeout(CONNECT_TIMEOUT, config.connect(NoTls))
        .await
        .context("the database does not answer")?
        .context("connect to the database")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            log::error(format_args!("lost the database: {error}"));
        }
    });
    Ok(client)
}

/// Changes a row of `settings`.
pub async fn set(name: &str, value: &str) -> Result<()> {
    let client = dedicated().await?;
    client
        .execute(
            "INSERT INTO settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&name, &value],
        )
        .await
        .with_context(|| format!("set {name}"))?;
    log::info(format_args!("set {name}"));
    Ok(())
}
