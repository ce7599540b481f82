//! `[database]` of `serve.toml`: where tickets and the queue are, with what the environment adds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::notify::secret;
use crate::serve::store::QueueDatabase;
use crate::system::Secret;

/// The variable. Not `DATABASE_URL`, which is that of an application in most shells.
const VARIABLE: &str = "HARNESS_DATABASE_URL";
const KEY: &str = "database.url";
const CONNECTING: Duration = Duration::from_secs(7);

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct DatabaseSettings {
    url: Option<Secret>,
    url_file: Option<String>,
}

impl DatabaseSettings {
    /// The settings and the environment together; `None`: the database of the home has everything.
    ///
    /// # Errors
    /// What is wrong with them; the URL, which has a password, is not repeated.
    pub(in crate::serve) fn resolve(
        &self,
        environment: &BTreeMap<String, String>,
    ) -> Result<Option<QueueDatabase>, String> {
        let found = secret(KEY, self.url.as_ref(), self.url_file.as_deref())?;
        let variable = environment.get(VARIABLE).filter(|value| !value.is_empty());
        let Some(url) = found.or_else(|| variable.map(|value| Secret::new(value.clone()))) else { return Ok(None) };
        let wrong = || {
            format!(
                "`{KEY}`, or {VARIABLE}, is no address of PostgreSQL, like `postgresql://user:password@host:5432/name`"
            )
        };
        let mut config: Config = url.expose().parse().map_err(|_| wrong())?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() || config.get_user().is_none() {
            return Err(format!("{}: it must name user, host and database", wrong()));
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(format!(
                "`{KEY}` has `sslmode=require`, and harness does not speak TLS to PostgreSQL: use a tunnel or a private network"
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTING);
        }
        config.application_name("harness serve").keepalives_idle(CONNECTING);
        Ok(Some(QueueDatabase::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_by_a_url_that_is_not_repeated() {
        let resolve = |text: &str, variable: Option<&str>| {
            let environment = variable.map(|url| (VARIABLE.to_owned(), url.to_owned())).into_iter().collect();
            toml::from_str::<DatabaseSettings>(text).unwrap().resolve(&environment)
        };
        assert!(resolve("", None).unwrap().is_none() && resolve("", Some("")).unwrap().is_none());
        let found = resolve("", Some("postgres://queue:secret@db.example:5433/board")).unwrap().unwrap();
        assert_eq!(found.place(), "postgresql://queue@db.example:5433/board");
        let found = resolve("url = \"postgresql://a:b@h/d\"", Some("postgres://x@y/z")).unwrap().unwrap();
        assert_eq!(found.place(), "postgresql://a@h:5432/d");
        for (text, named) in [
            ("url = \"mysql://a:secret@h/d\"", "postgresql://user"),
            ("url = \"postgresql://a:secret@h\"", "database"),
            ("url = \"postgresql://a:secret@h/d?sslmode=require\"", "TLS"),
            ("url = \"postgresql://a:secret@h/d\"\nurl_file = \"/x\"", "twice"),
        ] {
            let error = resolve(text, None).unwrap_err();
            assert!(error.contains(named) && !error.contains("secret"), "{error}");
        }
    }
}
