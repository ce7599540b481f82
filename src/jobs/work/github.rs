//! Pull requests, by GitHub's REST API.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use hyper::header::{ACCEPT, HeaderName};
use serde_json::{Value, json};

use super::call::{Answered, Caller};
use crate::system::Secret;
use crate::system::text::percent_encode;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a server that does not answer is asked, with pauses of 2, 4 and 8 s.
const ATTEMPTS: u32 = 4;
/// The headers that GitHub asks for.
static HEADERS: [(HeaderName, &str); 2] =
    [(ACCEPT, "application/vnd.github+json"), (HeaderName::from_static("x-github-api-version"), "2022-11-28")];

/// GitHub, or a GitHub Enterprise Server.
pub(super) struct GitHub {
    api: String,
    token: Secret,
    caller: Caller,
}

/// A pull request that is wanted.
pub(super) struct Wanted<'a> {
    /// `owner/name`.
    pub(super) repository: &'a str,
    pub(super) title: &'a str,
    pub(super) body: &'a str,
    pub(super) head: &'a str,
    pub(super) base: &'a str,
}

/// Why there is no pull request.
pub(super) struct Unopened {
    pub(super) why: String,
    /// Whether a later attempt may succeed.
    pub(super) again: bool,
}

/// The token of the worker's environment.
pub(super) fn token(environment: &BTreeMap<String, String>) -> Option<Secret> {
    let mut found = ["GITHUB_TOKEN", "GH_TOKEN"].into_iter().filter_map(|name| environment.get(name));
    found.find(|token| !token.is_empty()).map(Secret::new)
}

fn api(environment: &BTreeMap<String, String>) -> String {
    let set = environment.get("GITHUB_API_URL").filter(|url| !url.is_empty());
    set.map_or("https://api.github.com", String::as_str).trim_end_matches('/').to_owned()
}

/// `owner/name` of a URL, where it leads to the GitHub of this environment.
pub(super) fn repository(url: &str, environment: &BTreeMap<String, String>) -> Option<String> {
    let api = url::Url::parse(&api(environment)).ok()?;
    let host = api.host_str()?;
    let host = if host == "api.github.com" { "github.com" } else { host };
    let (at, path) = match url::Url::parse(url) {
        Ok(url) if url.has_host() => (url.host_str()?.to_owned(), url.path().to_owned()),
        // `git@github.com:owner/name.git`
        _ => {
            let (login, path) = url.split_once(':')?;
            (login.rsplit('@').next()?.to_owned(), path.to_owned())
        }
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (at == host && path.split('/').count() == 2 && !path.contains("//")).then(|| path.to_owned())
}

impl GitHub {
    /// That of the worker's environment.
    ///
    /// # Errors
    /// The machine's authorities cannot be read.
    pub(super) fn of(environment: &BTreeMap<String, String>, token: Secret) -> crate::system::Result<Self> {
        Ok(Self { api: api(environment), token, caller: Caller::new(&HEADERS)? })
    }

    /// The URL of the open pull request of a branch; it is opened where there is none.
    pub(super) async fn pull_request(&self, wanted: &Wanted<'_>) -> Result<String, Unopened> {
        let pulls = format!("/repos/{}/pulls", wanted.repository);
        let owner = wanted.repository.split('/').next().unwrap_or_default();
        let head = percent_encode(&format!("{owner}:{}", wanted.head));
        let known = format!("{pulls}?state=open&head={head}&base={}", percent_encode(wanted.base));
        // an earlier attempt may have been cut off after it
        let found = self.ask(Method::GET, &known, None).await?;
        if let Some(url) = found.body[0]["html_url"].as_str() {
            return Ok(url.to_owned());
        }
        let body = json!({ "title": wanted.title, "head": wanted.head, "base": wanted.base, "body": wanted.body });
        let made = self.ask(Method::POST, &pulls, Some(&body)).await?;
        let url = made.body["html_url"].as_str().map(str::to_owned);
        url.ok_or_else(|| Unopened { why: "GitHub answers without a URL".to_owned(), again: false })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answered, Unopened> {
        let url = format!("{}{path}", self.api);
        let mut why = String::new();
        for attempt in 1..=ATTEMPTS {
            match self.caller.ask(&self.token, method.clone(), &url, body, PATIENCE).await {
                Ok(answered) if answered.status < 300 => return Ok(answered),
                Ok(answered) if answered.status < 500 && answered.status != 429 => {
                    return Err(Unopened { why: said(&answered), again: false });
                }
                Ok(answered) => why = said(&answered),
                Err(silent) => why = format!("GitHub: {silent}"),
            }
            if attempt < ATTEMPTS {
                tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
            }
        }
        Err(Unopened { why, again: true })
    }
}

/// `GitHub answers with status 422: Validation Failed (No commits between main and x)`.
fn said(answered: &Answered) -> String {
    let mut text = format!("GitHub answers with status {}", answered.status);
    if let Some(message) = answered.body["message"].as_str() {
        text = format!("{text}: {message}");
    }
    let errors = answered.body["errors"].as_array().into_iter().flatten();
    let errors: Vec<&str> = errors.filter_map(|error| error["message"].as_str().or_else(|| error.as_str())).collect();
    if errors.is_empty() { text } else { format!("{text} ({})", errors.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_follows_from_its_url() {
        let none = BTreeMap::new();
        for (url, expected) in [
            ("https://github.com/o/r.git", Some("o/r")),
            ("https://user:pass@github.com/o/r", Some("o/r")),
            ("git@github.com:o/r.git", Some("o/r")),
            ("ssh://git@github.com:22/o/r.git", Some("o/r")),
            ("https://github.com/o/r/x", None),
            ("https://gitlab.com/o/r.git", None),
            ("/srv/git/r.git", None),
            ("https://github.com.example/o/r", None),
        ] {
            assert_eq!(repository(url, &none).as_deref(), expected, "{url}");
        }
        let own = BTreeMap::from([("GITHUB_API_URL".to_owned(), "https://git.example/api/v3".to_owned())]);
        assert_eq!(repository("git@git.example:o/r.git", &own).as_deref(), Some("o/r"));
        assert_eq!(repository("git@github.com:o/r.git", &own), None);
    }
}
