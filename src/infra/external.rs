//! Servers that the user gives by URL.
//!
//! | service | URL |
//! |---|---|
//! | postgres | `postgres://admin:password@host:5432` |
//! | s3 | `https://key:secret@host:9000?region=us-east-1` |
//! | mail | `smtp://host:1025?web=http://host:8025` |
//! | browser | `http://host:9222`, or `ws://host:3000?token=…` (browserless) |
//!
//! What harness itself asks (is it ready, mail by tag) it asks in plain HTTP; of a browser behind TLS it only sees
//! whether it listens.
//!
//! Errors never repeat a URL: it may hold a password.

use url::Url;

use super::access::{Browser, Mail};
use super::error::{Error, Result};
use crate::bucket::S3Endpoint;
use crate::postgres::Server;
use crate::system::Secret;
use crate::system::text::percent_decode;

/// The administrator's login of an external PostgreSQL.
pub(super) fn postgres(url: &Secret) -> Result<Server> {
    let url = Parsed::of("postgres", url, &["postgres", "postgresql"])?;
    for (name, value) in url.url.query_pairs() {
        match (name.as_ref(), value.as_ref()) {
            ("sslmode", "disable" | "allow" | "prefer") => {}
            ("sslmode", _) => {
                return Err(url.wrong("`sslmode` asks for TLS, which harness does not speak to PostgreSQL"));
            }
            (name, _) => return Err(url.wrong(&format!("its parameter `{name}` is not understood"))),
        }
    }
    let password = Secret::new(url.decoded(url.url.password().unwrap_or_default())?);
    let user = url.decoded(url.url.username())?;
    if user.is_empty() {
        return Err(url.wrong("it names no user"));
    }
    let database = url.decoded(url.url.path().trim_start_matches('/'))?;
    let database = if database.is_empty() { "postgres".to_owned() } else { database };
    // `[::1]` is how a URL writes the address `::1`
    let host = url.host()?.trim_matches(['[', ']']).to_owned();
    Ok(Server { host, port: url.url.port().unwrap_or(5432), user, password, database, external: true })
}

/// The administrator's keys of an external S3 server.
pub(super) fn s3(url: &Secret) -> Result<S3Endpoint> {
    let url = Parsed::of("s3", url, &["http", "https"])?;
    let access_key = url.decoded(url.url.username())?;
    let secret_key = Secret::new(url.decoded(url.url.password().unwrap_or_default())?);
    if access_key.is_empty() || secret_key.expose().is_empty() {
        return Err(url.wrong("it lacks `key:secret@` before the host"));
    }
    let region = url.parameter("region").unwrap_or_else(|| "us-east-1".to_owned());
    Ok(S3Endpoint { url: url.origin()?, region, access_key, secret_key, own: false })
}

/// An external mail catcher.
pub(super) fn mail(url: &Secret) -> Result<Mail> {
    let url = Parsed::of("mail", url, &["smtp"])?;
    let smtp_host = url.host()?;
    let web_url = url.parameter("web").unwrap_or_else(|| format!("http://{smtp_host}:8025"));
    if !web_url.starts_with("http://") {
        return Err(url.wrong("`web` does not begin with `http://`"));
    }
    Ok(Mail { smtp_port: url.url.port().unwrap_or(1025), smtp_host, web_url: web_url.trim_end_matches('/').to_owned() })
}

/// An external browser. What is given rules: the other URLs are the same address under the other scheme.
pub(super) fn browser(url: &Secret) -> Result<Browser> {
    let parsed = Parsed::of("browser", url, &["http", "https", "ws", "wss"])?;
    parsed.host()?;
    let text = parsed.url.as_str().trim_end_matches('/').to_owned();
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let secure = matches!(parsed.url.scheme(), "https" | "wss");
    let (ws, http) = if secure { ("wss", "https") } else { ("ws", "http") };
    let port = parsed.url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(Browser {
        ws_url: Some(format!("{ws}://{rest}")),
        cdp_url: format!("{http}://{rest}"),
        http_url: format!("{http}://{}{port}", parsed.host()?),
        app_host: "127.0.0.1".into(),
        token: parsed.parameter("token").map(Secret::new),
    })
}

struct Parsed {
    service: &'static str,
    url: Url,
}

impl Parsed {
    fn of(service: &'static str, text: &Secret, schemes: &[&str]) -> Result<Self> {
        let url = Url::parse(text.expose()).map_err(|error| Error::Url { service, reason: error.to_string() })?;
        let parsed = Self { service, url };
        if schemes.contains(&parsed.url.scheme()) {
            return Ok(parsed);
        }
        Err(parsed.wrong(&format!("it does not begin with `{}://`", schemes.join("://` or `"))))
    }

    fn wrong(&self, reason: &str) -> Error {
        Error::Url { service: self.service, reason: reason.to_owned() }
    }

    fn host(&self) -> Result<String> {
        self.url
            .host_str()
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| self.wrong("it names no host"))
    }

    /// Scheme, host and port without credentials or path.
    fn origin(&self) -> Result<String> {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(format!("{}://{}{port}", self.url.scheme(), self.host()?))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    fn decoded(&self, text: &str) -> Result<String> {
        percent_decode(text).map_err(|_| self.wrong("its user or password is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn a_postgres_url_is_an_admin_login() {
        let server = postgres(&secret("postgres://ad%40min:p%2Fw@db.example:6432/maintenance")).unwrap();
        assert_eq!((server.host.as_str(), server.port, server.user.as_str()), ("db.example", 6432, "ad@min"));
        assert_eq!((server.password.expose(), server.database.as_str()), ("p/w", "maintenance"));
        assert_eq!(postgres(&secret("postgres://a:b@[::1]")).unwrap().host, "::1");
    }

    #[test]
    fn an_s3_url_gives_keys_and_a_plain_endpoint() {
        let endpoint = s3(&secret("https://key:se%3Acret@s3.example:9000/?region=eu-west-1")).unwrap();
        assert_eq!((endpoint.url.as_str(), endpoint.region.as_str()), ("https://s3.example:9000", "eu-west-1"));
        assert_eq!((endpoint.access_key.as_str(), endpoint.secret_key.expose()), ("key", "se:cret"));
    }

    #[test]
    fn mail_and_browser_fill_in_what_is_not_said() {
        let found = mail(&secret("smtp://mail.example")).unwrap();
        assert_eq!((found.smtp_port, found.web_url.as_str()), (1025, "http://mail.example:8025"));
        let found = browser(&secret("ws://127.0.0.1:3000/chromium?token=t")).unwrap();
        assert_eq!(found.ws_url.as_deref(), Some("ws://127.0.0.1:3000/chromium?token=t"));
        assert_eq!(found.cdp_url, "http://127.0.0.1:3000/chromium?token=t");
        assert_eq!((found.http_url.as_str(), found.token.unwrap().expose()), ("http://127.0.0.1:3000", "t"));
        assert_eq!(browser(&secret("wss://b.example")).unwrap().http_url, "https://b.example");
    }

    #[test]
    fn an_error_names_the_service_and_never_the_password() {
        for (result, service) in [
            (postgres(&secret("mysql://root:hunter2@host")).map(|_| ()), "postgres"),
            (s3(&secret("https://hunter2@host")).map(|_| ()), "s3"),
            (mail(&secret("smtp:hunter2")).map(|_| ()), "mail"),
            (browser(&secret("hunter2")).map(|_| ()), "browser"),
            (postgres(&secret("postgres://root:hunter2@host?sslmode=require")).map(|_| ()), "postgres"),
            (postgres(&secret("postgres://root:hunter2@host?options=-c")).map(|_| ()), "postgres"),
            (mail(&secret("smtp://hunter2:1025?web=https://hunter2")).map(|_| ()), "mail"),
        ] {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(&format!("[infra.{service}]")) && !message.contains("hunter2"), "{message}");
        }
    }
}
