//! Which server, how to log into one of its databases, and how long to wait for it.

use std::path::Path;
use std::time::Duration;

use crate::project::AgentId;
use crate::system::Secret;
use crate::system::text::percent_encode;

/// A server and its admin login. Only `Server::external` depends on how the
/// server is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The admin's role: a superuser, or (external) one with CREATEDB and CREATEROLE.
    pub user: String,
    /// The admin's password.
    pub password: Secret,
    /// The database that the admin connects to; `postgres` unless the URL of an external server names another.
    pub database: String,
    /// What kind of server it is, and how long it is waited for.
    pub access: Access,
}

/// What the connections to a server have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// A server that harness does not run: the permissions of `postgres` and `template1` are left as they are.
    pub external: bool,
    /// How long it is waited for.
    pub patience: Patience,
    /// How long sessions of an agent's database may take to end their transactions before they are ended; none unless
    /// asked for.
    pub drain: Duration,
}

impl Access {
    /// To a server that harness runs itself.
    pub const OWN: Self = Self { external: false, patience: Patience::CHANGING, drain: Duration::ZERO };
    /// To a server that the user gave.
    pub const EXTERNAL: Self = Self { external: true, ..Self::OWN };
}

/// How long a command waits for a server that does not do its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A server that sends no byte for this long is frozen.
    pub silence: Duration,
    /// How long a connection that a server of this home refuses is tried again. One that died is restarted within a
    /// second; its recovery takes longer, above all on a busy machine.
    pub restart: Duration,
}

impl Patience {
    /// For commands that change something: they end within 15 s of a server's silence.
    pub const CHANGING: Self = Self { silence: Duration::from_secs(7), restart: Duration::from_secs(12) };
    /// For commands that only read: within 3 s.
    pub const READING: Self = Self { silence: Duration::from_secs(2), restart: Duration::from_millis(2500) };
    /// For a question whose answer may be "it is down".
    pub const LOOKING: Self = Self { silence: Duration::from_secs(2), restart: Duration::ZERO };
}

impl Server {
    /// A server of our own on this machine.
    pub fn local(port: u16, user: impl Into<String>, password: Secret) -> Self {
        let (host, database) = ("127.0.0.1".to_owned(), "postgres".to_owned());
        Self { host, port, user: user.into(), password, database, access: Access::OWN }
    }

    /// The login of an agent's role into its database.
    pub fn agent_login(&self, agent: AgentId, password: &Secret) -> DatabaseCredentials {
        self.login(&agent.database(), &agent.database(), password)
    }

    /// A login of some role into some database of this server.
    pub(super) fn login(&self, database: &str, user: &str, password: &Secret) -> DatabaseCredentials {
        DatabaseCredentials {
            host: self.host.clone(),
            port: self.port,
            database: database.to_owned(),
            user: user.to_owned(),
            password: password.clone(),
            access: self.access,
        }
    }

    /// The same server, waited for differently.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.access.patience = patience;
        self
    }

    /// The same server, with so much time for the transactions that are open in an agent's database.
    #[must_use]
    pub fn draining(mut self, limit: Duration) -> Self {
        self.access.drain = limit;
        self
    }

    /// The admin's login into a database.
    pub(super) fn admin_of(&self, database: &str) -> DatabaseCredentials {
        self.login(database, &self.user, &self.password)
    }
}

/// All that a client needs to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseCredentials {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Role.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// What kind of server it is, and how long it is waited for.
    pub access: Access,
}

impl DatabaseCredentials {
    /// `postgresql://user:password@host:port/database`, percent-encoded where needed.
    pub fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!(
            "postgresql://{}:{}@{host}:{}/{}",
            percent_encode(&self.user),
            percent_encode(self.password.expose()),
            self.port,
            percent_encode(&self.database)
        )
    }

    /// The same by the server's Unix socket in `directory`. The parameter `host` rules over the authority's; a host is
    /// there because many readers of URLs want one.
    pub fn socket_url(&self, directory: &Path) -> String {
        let (user, password) = (percent_encode(&self.user), percent_encode(self.password.expose()));
        let (port, database) = (self.port, percent_encode(&self.database));
        let directory = percent_encode(&directory.display().to_string());
        format!("postgresql://{user}:{password}@localhost:{port}/{database}?host={directory}")
    }

    /// The variables that libpq and most drivers read, and `DATABASE_URL`.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", self.user.clone()),
            ("PGPASSWORD", self.password.expose().to_owned()),
            ("PGDATABASE", self.database.clone()),
            // the servers speak no TLS, and some clients ask for it by default
            ("PGSSLMODE", "disable".to_owned()),
            ("DATABASE_URL", self.url()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_survives_odd_characters() {
        let server = Server { host: "::1".into(), ..Server::local(5432, "postgres", Secret::new("x")) };
        let login = server.login("agent_3", "agent_3", &Secret::new("p@ss/w:rd"));
        assert_eq!(login.url(), "postgresql://agent_3:p%40ss%2Fw%3Ard@[::1]:5432/agent_3");
    }
}
