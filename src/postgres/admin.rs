//! Questions about a server as a whole.

use super::session::{Session, Version, text};
use super::{Result, Server};

/// The admin's connection, for those who ask about the server itself.
pub struct Admin {
    session: Session,
}

impl Admin {
    /// Connects; this is the readiness check of a server, too.
    pub async fn connect(server: &Server) -> Result<Self> {
        Ok(Self { session: Session::admin(server).await? })
    }

    /// The server's version.
    pub fn version(&self) -> Version {
        self.session.version()
    }

    /// Whether the admin is a superuser.
    pub fn is_superuser(&self) -> bool {
        self.session.is_superuser()
    }

    /// The number that `initdb` gave the data directory: another number is another server.
    pub async fn system_identifier(&self) -> Result<String> {
        let sql = "SELECT system_identifier FROM pg_control_system()";
        let rows = self.session.rows("ask for the system identifier", sql).await?;
        Ok(rows.first().map(|row| text(row, "system_identifier")).unwrap_or_default())
    }

    /// Which of these extensions the server does not have.
    pub async fn missing_extensions(&self, names: &[String]) -> Result<Vec<String>> {
        let available = super::extensions::available(&self.session, names).await?;
        Ok(names.iter().filter(|name| !available.iter().any(|one| one.name == **name)).cloned().collect())
    }
}
