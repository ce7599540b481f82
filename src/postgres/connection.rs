//! One connection. Everything is sent as simple queries: several statements a round trip, and utility
//! statements need no preparing.
//!
//! No wait here is without a bound. Connecting ends after the login's `Patience`; while a statement runs,
//! however long, the server is asked on a second connection whether it still answers ([`super::silence`]). A
//! server that accepts connections and never answers is [`Error::Frozen`].

use std::time::Duration;

use tokio::net::TcpStream;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use crate::system::Deadline;

use super::server::Access;
use super::silence;
use super::{DatabaseCredentials, Error, Result, Server};

/// What deadlines here are about.
const WHAT: &str = "PostgreSQL";
/// Between two attempts to reach a server that is being started again.
const RETRY: Duration = Duration::from_millis(50);

/// The version of a server.
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
    host: String,
    port: u16,
    access: Access,
}

impl Connection {
    /// Connects. Settings of the database or role do not affect the statements of harness. A server of this home
    /// that refuses the connection is tried again for a while: it may be restarting.
    pub(super) async fn open(login: &DatabaseCredentials) -> Result<Self> {
        let restart = Deadline::after(WHAT, login.access.patience.restart);
        loop {
            match Self::attempt(login).await {
                Err(error) if error.is_restarting() && !restart.passed() => restart.pause(RETRY).await,
                outcome => return outcome,
            }
        }
    }

    /// Logs in over a connection that exists; `login` says as whom, and to what in errors.
    pub(super) async fn over(stream: TcpStream, login: &DatabaseCredentials) -> Result<Self> {
        let connecting = async {
            let outcome = Self::config(login).connect_raw(stream, NoTls).await;
            outcome.map_err(|source| Error::connect(login, source))
        };
        let (client, driver) = Self::in_time(login, connecting).await?;
        let version = driver.parameter("server_version").unwrap_or_default().to_owned();
        let superuser = driver.parameter("is_superuser") == Some("on");
        tokio::spawn(driver);
        Self::established(login, client, version, superuser)
    }

    async fn attempt(login: &DatabaseCredentials) -> Result<Self> {
        let connecting = async {
            // resolved first, to distinguish an unknown host from a server that is down
            let unknown = |source| Error::UnknownHost { host: login.host.clone(), source };
            let _ = tokio::net::lookup_host((login.host.as_str(), login.port)).await.map_err(unknown)?;
            Self::config(login).connect(NoTls).await.map_err(|source| Error::connect(login, source))
        };
        let (client, driver) = Self::in_time(login, connecting).await?;
        let version = driver.parameter("server_version").unwrap_or_default().to_owned();
        let superuser = driver.parameter("is_superuser") == Some("on");
        tokio::spawn(driver);
        Self::established(login, client, version, superuser)
    }

    async fn in_time<T>(login: &DatabaseCredentials, connecting: impl Future<Output = Result<T>>) -> Result<T> {
        let limited = Deadline::after(WHAT, login.access.patience.silence).run(connecting).await;
        limited.map_err(|_| silence::frozen(&login.host, login.port, login.access))?
    }

    fn established(login: &DatabaseCredentials, client: Client, found: String, superuser: bool) -> Result<Self> {
        let version = parse_version(&found).filter(|version| version.major >= 15).ok_or(Error::TooOld { found })?;
        let (host, port, access) = (login.host.clone(), login.port, login.access);
        Ok(Self { client, version, superuser, host, port, access })
    }

    fn config(login: &DatabaseCredentials) -> Config {
        let mut config = Config::new();
        config
            .host(&login.host)
            .port(login.port)
            .dbname(&login.database)
            .user(&login.user)
            .password(login.password.expose())
            .application_name("harness")
            .options(
                "-c client_min_messages=error -c statement_timeout=0 -c lock_timeout=0 \
                 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 \
                 -c default_transaction_read_only=off -c client_connection_check_interval=1s",
            );
        config
    }

    /// The admin's connection to the server's own database.
    pub(super) async fn admin(server: &Server) -> Result<Self> {
        Self::open(&server.admin_of(&server.database)).await
    }

    /// The admin's connection to a database that others fill. Triggers on events, which a step of a template may have made,
    /// do not run for it: they would run with its rights.
    pub(super) async fn inside(server: &Server, database: &str) -> Result<Self> {
        let connection = Self::open(&server.admin_of(database)).await?;
        if connection.superuser {
            connection.execute("switch triggers off", "SET session_replication_role = replica").await?;
        }
        Ok(connection)
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn is_superuser(&self) -> bool {
        self.superuser
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for `work`, which uses the client, for as long as the server answers at all.
    ///
    /// # Errors
    /// [`Error::Frozen`]; the failure of `work` itself is inside.
    pub(super) async fn while_answering<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            outcome = work => Ok(outcome),
            () = silence::of(&self.host, self.port, self.access.patience.silence) => {
                Err(silence::frozen(&self.host, self.port, self.access))
            }
        }
    }

    /// Runs statements as one transaction (except those that cannot be in one); `action` names them in an error.
    pub(super) async fn execute(&self, action: &str, sql: &str) -> Result<()> {
        self.while_answering(self.client.batch_execute(sql)).await?.map_err(Error::statement(action))
    }

    /// The rows of each statement.
    pub(super) async fn results(&self, action: &str, sql: &str) -> Result<Vec<Vec<SimpleQueryRow>>> {
        let messages = self.while_answering(self.client.simple_query(sql)).await?;
        let mut results = vec![Vec::new()];
        for message in messages.map_err(Error::statement(action))? {
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
