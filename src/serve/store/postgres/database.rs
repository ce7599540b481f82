//! Which database it is.

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// A PostgreSQL database that several servers share.
#[derive(Debug, Clone)]
pub(in crate::serve) struct QueueDatabase(Config);

impl QueueDatabase {
    /// It names a host, a user and a database.
    pub(in crate::serve) fn new(config: Config) -> Self {
        Self(config)
    }

    pub(super) fn config(&self) -> &Config {
        &self.0
    }

    /// What it is called in errors: everything but the password.
    pub(in crate::serve) fn place(&self) -> String {
        let host = match self.0.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        let port = self.0.get_ports().first().copied().unwrap_or(5432);
        let (user, name) = (self.0.get_user().unwrap_or_default(), self.0.get_dbname().unwrap_or_default());
        format!("postgresql://{user}@{host}:{port}/{name}")
    }
}
