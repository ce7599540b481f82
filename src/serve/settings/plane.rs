//! `[plane]` of `serve.toml`, with what the environment and Claude Code's settings add.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::notify::{address, secret};
use crate::system::Secret;

/// Where the API is, unless the settings say otherwise, and the pages that belong to it.
const API: &str = "https://api.plane.so";
const PAGES: &str = "https://app.plane.so";
/// How often it is asked, in seconds. It answers 60 requests a minute, and a poll of a project is three and more.
const POLL: u32 = 60;

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct PlaneSettings {
    /// Where the API is: the address of a server of one's own.
    api: Option<String>,
    /// The workspace, as in its address.
    workspace: Option<String>,
    key: Option<Secret>,
    key_file: Option<String>,
    /// How often it is asked, in seconds.
    poll_s: Option<u32>,
}

/// How Plane is spoken to.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Plane {
    /// Without `/` at the end.
    pub(in crate::serve) api: String,
    /// Where its pages are, without `/` at the end.
    pub(in crate::serve) pages: String,
    pub(in crate::serve) workspace: String,
    pub(in crate::serve) key: Option<Secret>,
    pub(in crate::serve) poll: Duration,
}

impl PlaneSettings {
    /// The settings, the environment and what Claude Code knows, in this order.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(in crate::serve) fn resolve(&self, environment: &BTreeMap<String, String>) -> Result<Plane, String> {
        let of_claude = environment.get("HOME").map(|home| entry(Path::new(home))).unwrap_or_default();
        let variable = |name: &str| {
            let own = environment.get(name).filter(|value| !value.is_empty()).cloned();
            own.or_else(|| of_claude.get(name).cloned())
        };
        let api = self.api.clone().or_else(|| variable("PLANE_API_URL")).unwrap_or_else(|| API.to_owned());
        let api = address("plane.api", &api)?.as_str().trim_end_matches('/').to_owned();
        let key = secret("plane.key", self.key.as_ref(), self.key_file.as_deref())?;
        let key = key.or_else(|| variable("PLANE_API_KEY").map(Secret::new));
        if key.as_ref().is_some_and(|key| !key.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err("the key of `plane` is not one of Plane's: it has spaces or control characters".to_owned());
        }
        let workspace = self.workspace.clone().or_else(|| variable("PLANE_WORKSPACE_SLUG")).unwrap_or_default();
        // what Claude Code uses for itself need not be whole
        let key = key.filter(|_| !workspace.is_empty());
        if workspace.is_empty() && (self.key.is_some() || self.key_file.is_some()) {
            return Err("`plane` has a key and no `workspace`: its name in the address".to_owned());
        }
        let pages = if api == API { PAGES.to_owned() } else { api.clone() };
        let poll = Duration::from_secs(self.poll_s.unwrap_or(POLL).max(1).into());
        Ok(Plane { api, pages, workspace, key, poll })
    }
}

/// The variables of Plane's entry among the servers in Claude Code's settings.
fn entry(home: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(home.join(".claude.json")).unwrap_or_default();
    let settings: Value = serde_json::from_str(&text).unwrap_or_default();
    let servers = settings["mcpServers"].as_object();
    let environments = servers.into_iter().flat_map(|servers| servers.values()).filter_map(|it| it["env"].as_object());
    let of_plane = environments.into_iter().find(|variables| variables.contains_key("PLANE_API_KEY"));
    let variables = of_plane.into_iter().flatten();
    variables.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_from_the_settings_the_environment_or_claude_code() {
        let home = tempfile::tempdir().unwrap();
        let resolve = |text: &str, pairs: &[(&str, &str)]| {
            let own = ("HOME".to_owned(), home.path().display().to_string());
            let more = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            toml::from_str::<PlaneSettings>(text).unwrap().resolve(&more.chain([own]).collect())
        };
        assert!(resolve("", &[]).unwrap().key.is_none());
        let found = resolve("", &[("PLANE_API_KEY", "plane_api_1"), ("PLANE_WORKSPACE_SLUG", "team")]).unwrap();
        assert_eq!((found.key.unwrap().expose(), found.workspace.as_str()), ("plane_api_1", "team"));
        assert_eq!((found.api.as_str(), found.pages.as_str()), (API, PAGES));
        let entry = r#"{"mcpServers": {"other": {}, "plane": {"command": "uvx", "env": {
            "PLANE_API_KEY": "plane_api_2", "PLANE_WORKSPACE_SLUG": "them", "PLANE_API_URL": "https://plane.example.org/"}}}}"#;
        std::fs::write(home.path().join(".claude.json"), entry).unwrap();
        let found = resolve("", &[]).unwrap();
        assert_eq!((found.key.unwrap().expose(), found.workspace.as_str()), ("plane_api_2", "them"));
        assert_eq!(found.pages, "https://plane.example.org");
        assert_eq!(resolve("workspace = \"own\"", &[]).unwrap().workspace, "own");
        std::fs::remove_file(home.path().join(".claude.json")).unwrap();
        for (text, named) in [
            ("key = \"a\"", "workspace"),
            ("key = \"with secret\"\nworkspace = \"w\"", "spaces"),
            ("api = \"http://plane.example.org\"", "https://"),
        ] {
            let error = resolve(text, &[]).unwrap_err();
            assert!(error.contains(named) && !error.contains("with secret"), "{error}");
        }
    }
}
