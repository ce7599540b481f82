//! `serve.toml`: what a person may set, all of it optional.
//!
//! ```toml
//! allowed_hosts = ["harness.example.org"]            # names besides loopback names and addresses
//! allowed_origins = ["https://board.example.org"]    # sites whose pages may call the API
//!
//! [gateway]                                          # see `gateway::settings`
//! on = true
//! ```

use std::path::Path;

use serde::Deserialize;

use super::Error;
use super::gateway::GatewaySettings;
use crate::system;

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Names that `Host` may have, besides loopback names and addresses.
    pub(super) allowed_hosts: Vec<String>,
    /// Origins whose pages may call the API, as browsers write them: `https://board.example.org`.
    pub(super) allowed_origins: Vec<String>,
    /// The gateway.
    pub(super) gateway: GatewaySettings,
}

impl Settings {
    /// Reads them; a file that does not exist sets nothing.
    ///
    /// # Errors
    /// The file is not what it should be.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let Some(bytes) = system::read_optional(path)? else { return Ok(Self::default()) };
        let wrong = |reason: String| Error::Settings { path: path.to_owned(), reason };
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        let settings: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
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
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Settings::read(&path).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
