//! The file as it is read.

use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;

use super::database::DatabaseSettings;
use super::github::GitHubSettings;
use super::notify::Notify;
use super::plane::PlaneSettings;
use crate::serve::Error;
use crate::serve::gateway::GatewaySettings;
use crate::system;

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Settings {
    /// Where to listen; by default 127.0.0.1.
    pub(in crate::serve) address: Option<IpAddr>,
    /// The ports; by default 3333.
    pub(in crate::serve) ports: Vec<u16>,
    /// Names that `Host` may have, besides loopback names and addresses.
    pub(in crate::serve) allowed_hosts: Vec<String>,
    /// Origins whose pages may call the API, as browsers write them: `https://board.example.org`.
    pub(in crate::serve) allowed_origins: Vec<String>,
    /// Where tickets and the queue are.
    pub(in crate::serve) database: DatabaseSettings,
    /// The gateway.
    pub(in crate::serve) gateway: GatewaySettings,
    /// How GitHub is spoken to.
    pub(in crate::serve) github: GitHubSettings,
    /// How Plane is spoken to.
    pub(in crate::serve) plane: PlaneSettings,
    /// Whom to send notices to.
    pub(in crate::serve) notify: Notify,
}

impl Settings {
    /// Reads them; a file that does not exist sets nothing.
    ///
    /// # Errors
    /// The file is not what it should be.
    pub(in crate::serve) fn read(path: &Path) -> Result<Self, Error> {
        let Some(bytes) = system::read_optional(path)? else { return Ok(Self::default()) };
        let wrong = |reason: String| Error::Settings { path: path.to_owned(), reason };
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        let settings: Self = toml::from_str(&text).map_err(|error| wrong(described(&text, &error)))?;
        let bare = |origin: &&String| {
            let is_origin = url::Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == **origin);
            !is_origin
        };
        if let Some(origin) = settings.allowed_origins.iter().find(bare) {
            return Err(wrong(format!("`{origin}` in `allowed_origins` is no origin, like `https://example.org`")));
        }
        Ok(settings)
    }
}

/// What is wrong and in which line, without that line: it may hold a secret.
fn described(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    format!("{place}{}", error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_wrongly_is_named() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("serve.toml");
        assert_eq!(Settings::read(&path).unwrap(), Settings::default());
        std::fs::write(&path, "allowed_hosts = [\"a.example\"]\nallowed_origins = [\"https://a.example\"]\n").unwrap();
        assert_eq!(Settings::read(&path).unwrap().allowed_hosts, ["a.example"]);
        for (text, named) in [
            ("allowed_host = []", "allowed_host"),
            ("allowed_origins = [\"https://a.example/\"]", "https://a.example/"),
            ("allowed_origins = [\"*\"]", "`*`"),
            ("[notify.telegram]\ntoken = 12:secret", "line 2"),
            ("[notify]\non = [\"everything\"]", "stack_broken"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Settings::read(&path).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("secret"), "{error}");
        }
    }
}
