//! What `{{ … }}` sees, apart from `env`. What there is to see of a shared server is stated by that server, in
//! `infra/servers`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::project::{AgentId, Project};
use crate::system::Secret;

/// The values of one agent. What is `None` is undefined in templates.
#[derive(Debug, Clone, Serialize)]
pub struct TemplateValues {
    /// `id`; absent where something is made that all agents share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AgentId>,
    /// `project`: its name.
    pub project: String,
    /// `ports.<name>`.
    pub ports: BTreeMap<String, u16>,
    /// `urls.<name>`: the address of each port, as browsers reach it.
    pub urls: BTreeMap<String, String>,
    /// What each shared server states of itself, by the name that templates know it by: `s3.endpoint`. `None` is
    /// undefined as well, but for files that ask whether there is such a server.
    #[serde(skip)]
    pub servers: BTreeMap<&'static str, Option<ServerValues>>,
    /// `stores.<name>`: the agent's copy of each store.
    pub stores: BTreeMap<String, ServerValues>,
    /// `worktree`: the directory that the agent works in, be it a work tree or the project's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<PathBuf>,
    /// `project_root`.
    pub project_root: PathBuf,
    /// `home`: the folder of machine state.
    pub home: PathBuf,
}

/// What templates see of one shared server, by key.
pub type ServerValues = BTreeMap<&'static str, TemplateValue>;

/// One value.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum TemplateValue {
    /// Any text.
    Text(String),
    /// A port.
    Number(u16),
    /// Text that no log shows.
    Secret(Secret),
}

impl From<&str> for TemplateValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for TemplateValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u16> for TemplateValue {
    fn from(number: u16) -> Self {
        Self::Number(number)
    }
}

impl From<Secret> for TemplateValue {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl TemplateValues {
    /// What is known of an agent before any server was asked: id, ports and places.
    pub fn of(project: &Project, agent: AgentId, project_root: PathBuf, home: PathBuf) -> Self {
        let ports: BTreeMap<String, u16> = project.ports_of(agent).into_iter().collect();
        let url = |(name, port): (&String, &u16)| (name.clone(), format!("http://localhost:{port}"));
        Self {
            id: Some(agent),
            urls: ports.iter().map(url).collect(),
            ports,
            worktree: Some(project.root.clone()),
            ..Self::shared(project, project_root, home)
        }
    }

    /// What all agents have in common, for steps that make something that they share.
    pub fn shared(project: &Project, project_root: PathBuf, home: PathBuf) -> Self {
        Self {
            id: None,
            project: project.name.clone(),
            ports: BTreeMap::new(),
            urls: BTreeMap::new(),
            servers: BTreeMap::new(),
            stores: BTreeMap::new(),
            worktree: None,
            project_root,
            home,
        }
    }
}
