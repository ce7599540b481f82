//! Which server, and how to log into one of its databases.

use crate::project::AgentId;
use crate::system::Secret;
use crate::system::text::percent_encode;

/// A server and its admin login. Whether a container, a process of ours or somebody else's machine
/// is behind it makes no difference here, but for [`Server::external`].
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
    /// Somebody else's server: the permissions of `postgres` and `template1` are left as they are.
    pub external: bool,
}

impl Server {
    /// A server of our own on this machine.
    pub fn local(port: u16, user: impl Into<String>, password: Secret) -> Self {
        let (host, database) = ("127.0.0.1".to_owned(), "postgres".to_owned());
        Self { host, port, user: user.into(), password, database, external: false }
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
        }
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

    /// The variables that libpq and most drivers read, and `DATABASE_URL`.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", self.user.clone()),
            ("PGPASSWORD", self.password.expose().to_owned()),
            ("PGDATABASE", self.database.clone()),
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
