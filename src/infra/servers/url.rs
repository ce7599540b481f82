//! The URL of an external server.
//!
//! | server | URL |
//! |---|---|
//! | postgres | `postgres://admin:password@host:5432` |
//! | s3 | `https://key:secret@host:9000?region=us-east-1` |
//! | mail | `smtp://host:1025?web=http://host:8025` |
//! | browser | `http://host:9222`, or `ws://host:3000?token=…` (browserless) |
//!
//! Errors never repeat a URL: it may hold a password.

use url::Url;

use crate::infra::error::{Error, Result};
use crate::project::Service;
use crate::system::Secret;
use crate::system::text::percent_decode;

/// A URL, and the table of `harness.toml` that contains it.
pub(super) struct ServerUrl {
    table: &'static str,
    pub(super) url: Url,
}

impl ServerUrl {
    pub(super) fn parse(service: Service, text: &Secret, schemes: &[&str]) -> Result<Self> {
        let table = service.table();
        let url =
            Url::parse(text.expose()).map_err(|error| Error::Url { service: table, reason: error.to_string() })?;
        let parsed = Self { table, url };
        if schemes.contains(&parsed.url.scheme()) {
            return Ok(parsed);
        }
        Err(parsed.wrong(&format!("it does not begin with `{}://`", schemes.join("://` or `"))))
    }

    pub(super) fn wrong(&self, reason: &str) -> Error {
        Error::Url { service: self.table, reason: reason.to_owned() }
    }

    pub(super) fn host(&self) -> Result<String> {
        self.url
            .host_str()
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| self.wrong("it has no host"))
    }

    /// Scheme, host and port without credentials or path.
    pub(super) fn origin(&self) -> Result<String> {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(format!("{}://{}{port}", self.url.scheme(), self.host()?))
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn decoded(&self, text: &str) -> Result<String> {
        percent_decode(text).map_err(|_| self.wrong("its user or password is not UTF-8"))
    }
}
