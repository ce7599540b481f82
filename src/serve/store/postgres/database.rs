//! Which database it is.

use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, Connection, Socket};

use super::tls::{Connector, Stream};

/// A PostgreSQL database that several servers share.
#[derive(Clone)]
pub(in crate::serve) struct QueueDatabase {
    config: Config,
    connector: Connector,
}

impl QueueDatabase {
    /// It names a host, a user and a database.
    pub(in crate::serve) fn new(config: Config, connector: Connector) -> Self {
        Self { config, connector }
    }

    /// A connection, and what drives it.
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, Stream>), tokio_postgres::Error> {
        self.config.connect(self.connector.clone()).await
    }

    /// What it is called in errors: everything but the password.
    pub(in crate::serve) fn place(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let (user, name) = (self.config.get_user().unwrap_or_default(), self.config.get_dbname().unwrap_or_default());
        format!("postgresql://{user}@{host}:{port}/{name}")
    }
}
