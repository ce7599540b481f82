//! `[database]` of `serve.toml`: where tickets and the queue are, with what the environment adds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::Config;

use super::notify::secret;
use crate::serve::store::{QueueDatabase, connector};
use crate::system::Secret;
use crate::system::text::percent_decode;

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
        let (url, tls) = without_tls(url.expose())?;
        let mut config: Config = url.parse().map_err(|_| wrong())?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() || config.get_user().is_none() {
            return Err(format!("{}: it must name user, host and database", wrong()));
        }
        let (mode, connector) = connector(tls.mode.as_deref().unwrap_or("prefer"), tls.authority.as_deref())
            .map_err(|why| format!("`{KEY}`, or {VARIABLE}: {why}"))?;
        config.ssl_mode(mode);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTING);
        }
        config.application_name("harness serve").keepalives_idle(CONNECTING);
        Ok(Some(QueueDatabase::new(config, connector)))
    }
}

/// What an address says of TLS.
#[derive(Default)]
struct Tls {
    mode: Option<String>,
    authority: Option<String>,
}

/// An address without what it says of TLS, of which the client knows less than libpq does.
fn without_tls(url: &str) -> Result<(String, Tls), String> {
    let Some((address, parameters)) = url.split_once('?') else { return Ok((url.to_owned(), Tls::default())) };
    let (mut tls, mut rest) = (Tls::default(), Vec::new());
    for parameter in parameters.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = || percent_decode(value).map_err(|_| format!("`{KEY}`, or {VARIABLE}: `{name}` is not UTF-8"));
        match name {
            "sslmode" => tls.mode = Some(value()?),
            "sslrootcert" => tls.authority = Some(value()?),
            "sslcert" | "sslkey" | "sslpassword" | "sslcrl" => {
                return Err(format!(
                    "`{KEY}`, or {VARIABLE}: `{name}` is not supported: log in with a password, or through a tunnel"
                ));
            }
            _ => rest.push(parameter),
        }
    }
    let rest = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Ok((format!("{address}{rest}"), tls))
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
        let encrypted = "postgres://x@y/z?sslmode=require&connect_timeout=3";
        assert_eq!(resolve("", Some(encrypted)).unwrap().unwrap().place(), "postgresql://x@y:5432/z");
        for (text, named) in [
            ("url = \"mysql://a:secret@h/d\"", "postgresql://user"),
            ("url = \"postgresql://a:secret@h\"", "database"),
            ("url = \"postgresql://a:secret@h/d?sslmode=always\"", "verify-full"),
            ("url = \"postgresql://a:secret@h/d?sslmode=verify-full&sslrootcert=/no%20where\"", "/no where"),
            ("url = \"postgresql://a:secret@h/d?sslcert=/x\"", "`sslcert` is not supported"),
            ("url = \"postgresql://a:secret@h/d\"\nurl_file = \"/x\"", "twice"),
        ] {
            let error = resolve(text, None).err().unwrap();
            assert!(error.contains(named) && !error.contains("secret"), "{error}");
        }
    }
}
