//! The environment of an agent: the caller's part, and its own.

use std::collections::BTreeMap;

/// The caller's variables that reach every process.
const BASE: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "LANG",
    "TZ",
    "TERM",
    "SSH_AUTH_SOCK",
    "LC_ALL",
    "LC_ADDRESS",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_IDENTIFICATION",
    "LC_MEASUREMENT",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NAME",
    "LC_NUMERIC",
    "LC_PAPER",
    "LC_TELEPHONE",
    "LC_TIME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_CURRENT_DESKTOP",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_SEAT",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_STATE_HOME",
    "XDG_VTNR",
];

/// The clean base: PATH, HOME, USER, SHELL, LANG, `LC_*`, TZ, TERM, `SSH_AUTH_SOCK`, `XDG_*`, and the
/// names of `pass_env`, as far as the caller has them.
pub fn base_environment(pass_env: &[String], caller: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let names = BASE.iter().copied().chain(pass_env.iter().map(String::as_str));
    names.filter_map(|name| Some((name.to_owned(), caller(name)?))).collect()
}

/// The complete environment of an agent's processes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    base: Vec<(String, String)>,
    own: Vec<(String, String)>,
}

impl Environment {
    /// An environment without variables of its own.
    pub fn from_base(base: Vec<(String, String)>) -> Self {
        Self { base, own: Vec::new() }
    }

    /// What belongs to the agent and goes into its env file: each name once, in order.
    pub fn own(&self) -> &[(String, String)] {
        &self.own
    }

    /// Everything, each name once, sorted by name; what belongs to the agent wins.
    pub fn all(&self) -> BTreeMap<String, String> {
        self.base.iter().chain(&self.own).cloned().collect()
    }

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.own.iter().chain(&self.base).find(|(known, _)| known == name);
        value.map(|(_, value)| value.as_str())
    }

    /// Adds a variable that is not the agent's own: it reaches every program and is in no env file.
    pub fn surround(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.base.push((name.into(), value.into()));
    }

    /// Adds or replaces a variable of the agent.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.own.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.own.push((name, value)),
        }
    }
}
