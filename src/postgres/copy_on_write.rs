//! Whether a copy on this server shares its blocks with what it is a copy of, and so takes no time and no room.

use super::connection::{Connection, text};
use super::{Result, Server};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOnWrite {
    /// The server's version, as it says itself.
    pub version: String,
    /// Its major version: 18 and newer make use of it.
    pub major: u32,
    /// Whether the file system of its data can; `None` on an external server, which is not tried.
    pub file_system: Option<bool>,
}

impl CopyOnWrite {
    /// Whether clones are made so.
    pub fn is_used(&self) -> bool {
        self.major >= 18 && self.file_system == Some(true)
    }

    /// Tries it in the server's own data directory, by a program that the server runs: the data may be in a container, or
    /// belong to another user, and what a file system is called does not say whether it can.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn probe(server: &Server) -> Result<Self> {
        let connection = Connection::admin(server).await?;
        let rows = connection.rows("read the version", "SHOW server_version").await?;
        let version = rows.first().map(|row| text(row, "server_version")).unwrap_or_default();
        let major = connection.version().major;
        if server.access.external {
            return Ok(Self { version, major, file_system: None });
        }
        let sql = "CREATE TEMP TABLE harness_probe (line text) ON COMMIT DROP;
                   COPY harness_probe FROM PROGRAM 'f=harness-probe-$$; head -c 65536 /dev/zero >\"$f\"; \
                     cp --reflink=always \"$f\" \"$f.copy\" 2>/dev/null && echo yes || echo no; rm -f \"$f\" \"$f.copy\"';
                   SELECT line FROM harness_probe";
        let results = connection.results("try a copy that shares its blocks", sql).await?;
        let line = results.iter().flatten().next().map(|row| text(row, "line"));
        Ok(Self { version, major, file_system: Some(line.as_deref() == Some("yes")) })
    }
}
