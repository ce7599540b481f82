//! `[notify]` of `serve.toml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use crate::report::NoticeKind;
use crate::system::{Secret, is_loopback_name, read_optional};

/// Whom to tell what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Notify {
    /// What links begin with; the server's own address when left out.
    pub(in crate::serve) link: Option<String>,
    /// What there are notices of; all kinds when left out.
    pub(in crate::serve) on: Option<Vec<NoticeKind>>,
    /// After how many seconds there is a notice of a broken stack; 60 when left out.
    broken_after: Option<u32>,
    webhook: Option<Webhook>,
    telegram: Option<Telegram>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Webhook {
    url: Option<Secret>,
    url_file: Option<String>,
    /// Sent in the header `Authorization`.
    token: Option<Secret>,
    token_file: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Telegram {
    chat_id: String,
    token: Option<Secret>,
    token_file: Option<String>,
    /// Where the Bot API is; Telegram's own when left out.
    api: Option<String>,
}

/// Who gets notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) enum Target {
    /// Gets the notice as a document.
    Webhook { url: Url, token: Option<Secret> },
    /// Gets it as a message in a chat.
    Telegram { api: Url, token: Secret, chat: String },
}

impl Notify {
    pub(in crate::serve) fn broken_after(&self) -> Duration {
        Duration::from_secs(self.broken_after.unwrap_or(60).into())
    }

    /// Whom to tell.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(in crate::serve) fn targets(&self, environment: &BTreeMap<String, String>) -> Result<Vec<Target>, String> {
        let mut targets = Vec::new();
        if let Some(webhook) = &self.webhook {
            let url = secret("notify.webhook.url", webhook.url.as_ref(), webhook.url_file.as_deref())?;
            let url = url.ok_or("`notify.webhook` has neither `url` nor `url_file`")?;
            let token = secret("notify.webhook.token", webhook.token.as_ref(), webhook.token_file.as_deref())?;
            targets.push(Target::Webhook { url: address("notify.webhook.url", url.expose())?, token });
        }
        if let Some(telegram) = &self.telegram {
            if telegram.chat_id.is_empty() {
                return Err("`notify.telegram` has no `chat_id`".to_owned());
            }
            let token = secret("notify.telegram.token", telegram.token.as_ref(), telegram.token_file.as_deref())?;
            let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
            let token = if token.is_some() {
                token
            } else {
                let file = variable("TELEGRAM_BOT_TOKEN_FILE").map(String::as_str);
                let token = variable("TELEGRAM_BOT_TOKEN").map(|token| Secret::new(token.clone()));
                secret("TELEGRAM_BOT_TOKEN", token.as_ref(), file)?
            };
            let token = token
                .ok_or("`notify.telegram` has neither `token` nor `token_file`, and `TELEGRAM_BOT_TOKEN` is not set")?;
            let is_token = |token: &str| token.chars().all(|c| c.is_ascii_alphanumeric() || "_:-".contains(c));
            if !is_token(token.expose()) {
                return Err("the token of `notify.telegram` is not one of Telegram's: `123456:ABC-DEF`".to_owned());
            }
            let api = address("notify.telegram.api", telegram.api.as_deref().unwrap_or("https://api.telegram.org"))?;
            targets.push(Target::Telegram { api, token, chat: telegram.chat_id.clone() });
        }
        Ok(targets)
    }
}

/// A secret: as it is written, or from a file.
pub(super) fn secret(key: &str, written: Option<&Secret>, file: Option<&str>) -> Result<Option<Secret>, String> {
    let Some(file) = file else { return Ok(written.cloned()) };
    if written.is_some() {
        return Err(format!("`{key}` is given twice: as it is and by a file"));
    }
    let bytes = read_optional(Path::new(file)).map_err(|error| format!("`{key}_file`: {error}"))?;
    let bytes = bytes.ok_or_else(|| format!("`{key}_file`: there is no `{file}`"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("`{key}_file`: `{file}` is not UTF-8"))?;
    Ok(Some(Secret::new(text.trim())))
}

/// A URL that may be called: encrypted, or on this machine. It may hold a secret, so it is not repeated.
pub(super) fn address(key: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{key}` is no URL: {error}"))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(_) => url.host_str().is_some_and(|host| is_loopback_name(host) && is_loopback(&url)),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(format!("`{key}` must begin with `https://`, or be on this machine")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str, environment: &[(&str, &str)]) -> Result<Vec<Target>, String> {
        let notify: Notify = toml::from_str(text).unwrap();
        notify.targets(&environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn secrets_come_from_the_file_the_settings_or_the_environment_and_plain_http_stays_here() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("token");
        std::fs::write(&file, "12:from-file\n").unwrap();
        assert_eq!(targets("", &[("TELEGRAM_BOT_TOKEN", "1:x")]).unwrap().len(), 0, "off by default");
        let telegram = "[telegram]\nchat_id = \"-1\"\n";
        let found = targets(telegram, &[("TELEGRAM_BOT_TOKEN_FILE", file.to_str().unwrap())]).unwrap();
        assert!(matches!(&found[..], [Target::Telegram { token, .. }] if token.expose() == "12:from-file"));
        assert_eq!(targets("[webhook]\nurl = \"http://127.0.0.1:9/x\"\n", &[]).unwrap().len(), 1);
        for (text, named) in [
            (telegram, "TELEGRAM_BOT_TOKEN"),
            ("[telegram]\ntoken = \"1:x\"\n", "chat_id"),
            ("[telegram]\nchat_id = \"1\"\ntoken = \"a/../b\"\n", "123456:ABC-DEF"),
            ("[webhook]\n", "url_file"),
            ("[webhook]\nurl = \"http://example.org/secret\"\n", "https://"),
            ("[webhook]\nurl = \"https://example.org\"\nurl_file = \"/x\"\n", "twice"),
            ("[webhook]\nurl_file = \"/nowhere\"\n", "/nowhere"),
        ] {
            let error = targets(text, &[]).unwrap_err();
            assert!(error.contains(named) && !error.contains("secret"), "{error}");
        }
    }
}
