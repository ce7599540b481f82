//! `[github]` of `serve.toml`, with what the environment adds.

use std::collections::BTreeMap;
use std::time::Duration;

use ring::hmac;
use serde::Deserialize;
use url::Url;

use super::notify::{address, secret};
use crate::system::Secret;

/// Where the API is, unless the settings say otherwise.
const API: &str = "https://api.github.com";
/// How often it is asked, in seconds. 5,000 requests an hour are allowed.
const POLL: u32 = 60;

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct GitHubSettings {
    /// Where the API is: `https://HOST/api/v3` of GitHub Enterprise.
    api: Option<String>,
    /// How often it is asked, in seconds; 0: never, the webhook has to do.
    poll_s: Option<u32>,
    token: Option<Secret>,
    token_file: Option<String>,
    webhook_secret: Option<Secret>,
    webhook_secret_file: Option<String>,
}

/// How GitHub is spoken to.
#[derive(Debug, Clone)]
pub(in crate::serve) struct GitHub {
    /// Without `/` at the end.
    pub(in crate::serve) api: String,
    pub(in crate::serve) token: Option<Secret>,
    /// `None`: never.
    pub(in crate::serve) poll: Option<Duration>,
    /// What signatures of the webhook are checked with.
    pub(in crate::serve) secret: Option<hmac::Key>,
}

impl GitHubSettings {
    /// The settings and the environment together.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(in crate::serve) fn resolve(&self, environment: &BTreeMap<String, String>) -> Result<GitHub, String> {
        let api: Url = address("github.api", self.api.as_deref().unwrap_or(API))?;
        let of = |key: &str, written: &Option<Secret>, file: &Option<String>, variable: &str| {
            let found = secret(key, written.as_ref(), file.as_deref())?;
            let variable = environment.get(variable).filter(|value| !value.is_empty());
            Ok::<_, String>(found.or_else(|| variable.map(|value| Secret::new(value.clone()))))
        };
        let token = of("github.token", &self.token, &self.token_file, "GITHUB_TOKEN")?;
        if token.as_ref().is_some_and(|token| !token.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err("the token of `github` is not one of GitHub's: it has spaces or control characters".to_owned());
        }
        let key = "github.webhook_secret";
        let secret = of(key, &self.webhook_secret, &self.webhook_secret_file, "GITHUB_WEBHOOK_SECRET")?;
        if secret.as_ref().is_some_and(|secret| secret.expose().len() < 16) {
            return Err("`github.webhook_secret` has fewer than 16 characters".to_owned());
        }
        let poll = self.poll_s.unwrap_or(POLL);
        Ok(GitHub {
            api: api.as_str().trim_end_matches('/').to_owned(),
            token,
            poll: (poll > 0).then(|| Duration::from_secs(poll.into())),
            secret: secret.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is() {
        let resolve = |text: &str| {
            let environment = BTreeMap::from([("GITHUB_TOKEN".to_owned(), "ghp_1".to_owned())]);
            toml::from_str::<GitHubSettings>(text).unwrap().resolve(&environment)
        };
        let found = resolve("api = \"https://git.example.org/api/v3/\"\npoll_s = 0").unwrap();
        assert_eq!((found.api.as_str(), found.poll), ("https://git.example.org/api/v3", None));
        assert_eq!(found.token.unwrap().expose(), "ghp_1");
        assert_eq!(resolve("").unwrap().api, API);
        for (text, named) in [
            ("api = \"http://git.example.org\"", "https://"),
            ("webhook_secret = \"short\"", "16 characters"),
            ("token = \"with secret spaces\"", "spaces"),
            ("token = \"a\"\ntoken_file = \"/x\"", "twice"),
        ] {
            let error = resolve(text).unwrap_err();
            assert!(error.contains(named) && !error.contains("with secret"), "{error}");
        }
    }
}
