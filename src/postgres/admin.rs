//! Questions about a server as a whole.

use super::connection::{Connection, Version, text};
use super::{Result, Server};

/// The admin's connection, for questions about the server itself.
pub struct Admin {
    connection: Connection,
}

impl Admin {
    /// Connects; this is the readiness check of a server, too.
    pub async fn connect(server: &Server) -> Result<Self> {
        Ok(Self { connection: Connection::admin(server).await? })
    }

    /// The server's version.
    pub fn version(&self) -> Version {
        self.connection.version()
    }

    /// Whether the admin is a superuser.
    pub fn is_superuser(&self) -> bool {
        self.connection.is_superuser()
    }

    /// The number that `initdb` gave the data directory: another number is another server.
    pub async fn system_identifier(&self) -> Result<String> {
        let sql = "SELECT system_identifier FROM pg_control_system()";
        let rows = self.connection.rows("read the system identifier", sql).await?;
        Ok(rows.first().map(|row| text(row, "system_identifier")).unwrap_or_default())
    }

    /// Which of these extensions the server does not have.
    pub async fn missing_extensions(&self, names: &[String]) -> Result<Vec<String>> {
        let available = super::extensions::available(&self.connection, names).await?;
        Ok(names.iter().filter(|name| !available.iter().any(|one| one.name == **name)).cloned().collect())
    }
}
