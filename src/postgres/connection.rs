//! One connection. Everything is sent as simple queries: several statements a round trip, and utility
//! statements need no preparing.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::error::cause;
use super::{DatabaseCredentials, Error, Result, Server};

/// What a server calls itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 15, 18.
    pub major: u32,
    /// As `server_version_num`: 150018.
    pub number: u32,
}

/// A connection to one database; closed when dropped.
pub(super) struct Connection {
    client: Client,
    version: Version,
    superuser: bool,
}

impl Connection {
    /// Connects. Settings that a database or role may carry cannot disturb what harness does.
    pub(super) async fn open(login: &DatabaseCredentials) -> Result<Self> {
        let refused = |source| Error::Connect {
            host: login.host.clone(),
            port: login.port,
            database: login.database.clone(),
            user: login.user.clone(),
            source: cause(source),
        };
        let mut config = Config::new();
        config
            .host(&login.host)
            .port(login.port)
            .dbname(&login.database)
            .user(&login.user)
            .password(login.password.expose())
            .application_name("harness")
            .connect_timeout(Duration::from_secs(10))
            .options(
                "-c client_min_messages=error -c statement_timeout=0 -c lock_timeout=0 \
                 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 \
                 -c default_transaction_read_only=off -c client_connection_check_interval=1s",
            );
        let (client, driver) = config.connect(NoTls).await.map_err(refused)?;
        let found = driver.parameter("server_version").unwrap_or_default().to_owned();
        let version = parse_version(&found).filter(|version| version.major >= 15).ok_or(Error::TooOld { found })?;
        let superuser = driver.parameter("is_superuser") == Some("on");
        tokio::spawn(driver);
        Ok(Self { client, version, superuser })
    }

    /// The admin's connection to the server's own database.
    pub(super) async fn admin(server: &Server) -> Result<Self> {
        Self::open(&server.admin_of(&server.database)).await
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn is_superuser(&self) -> bool {
        self.superuser
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs statements as one transaction (but for those that refuse to be in one); `action` names
    /// them in an error.
    pub(super) async fn execute(&self, action: &str, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(Error::statement(action))
    }

    /// The rows of each statement.
    pub(super) async fn results(&self, action: &str, sql: &str) -> Result<Vec<Vec<SimpleQueryRow>>> {
        let mut results = vec![Vec::new()];
        for message in self.client.simple_query(sql).await.map_err(Error::statement(action))? {
            match message {
                SimpleQueryMessage::Row(row) => results.last_mut().expect("never empty").push(row),
                SimpleQueryMessage::CommandComplete(_) => results.push(Vec::new()),
                _ => {}
            }
        }
        results.pop();
        Ok(results)
    }

    /// The rows of one statement.
    pub(super) async fn rows(&self, action: &str, sql: &str) -> Result<Vec<SimpleQueryRow>> {
        Ok(self.results(action, sql).await?.into_iter().next().unwrap_or_default())
    }
}

/// A text column that is never null.
pub(super) fn text(row: &SimpleQueryRow, column: &str) -> String {
    row.get(column).unwrap_or_default().to_owned()
}

/// A text column that may be null.
pub(super) fn optional(row: &SimpleQueryRow, column: &str) -> Option<String> {
    row.get(column).map(ToOwned::to_owned)
}

/// A boolean column.
pub(super) fn flag(row: &SimpleQueryRow, column: &str) -> bool {
    row.get(column) == Some("t")
}

/// `15.18 (Debian 15.18-1)`, `18.6`, `19beta1`.
fn parse_version(text: &str) -> Option<Version> {
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let mut parts = text.split('.');
    let major: u32 = digits(parts.next()?).parse().ok()?;
    let minor: u32 = parts.next().map_or(0, |part| digits(part).parse().unwrap_or(0));
    Some(Version { major, number: major * 10_000 + minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_kinds_are_read() {
        let number = |text| parse_version(text).map(|version| version.number);
        assert_eq!(number("15.18 (Debian 15.18-0+deb12u1)"), Some(150_018));
        assert_eq!(number("18.6"), Some(180_006));
        assert_eq!(number("19beta1"), Some(190_000));
        assert_eq!(number("soon"), None);
    }
}
