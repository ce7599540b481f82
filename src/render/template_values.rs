//! What `{{ … }}` sees, apart from `env`.

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
    /// `database.*`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseValues>,
    /// `s3.*`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Values>,
    /// `mail.*`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailValues>,
    /// `browser.*`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserValues>,
    /// `worktree`: the directory that the agent works in, be it a work tree or the project's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<PathBuf>,
    /// `project_root`.
    pub project_root: PathBuf,
    /// `home`: the folder of machine state.
    pub home: PathBuf,
}

/// The agent's own database.
#[derive(Debug, Clone, Serialize)]
pub struct DatabaseValues {
    /// `127.0.0.1`.
    pub host: String,
    /// Port of the server.
    pub port: u16,
    /// `agent_3`.
    pub name: String,
    /// `agent_3`.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// `postgres://agent_3:…@127.0.0.1:15432/agent_3`.
    pub url: Secret,
}

/// The S3 server, and the agent's own bucket on it.
#[derive(Debug, Clone, Serialize)]
pub struct S3Values {
    /// `http://127.0.0.1:19000`.
    pub endpoint: String,
    /// `us-east-1`.
    pub region: String,
    /// `agent-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Allowed this bucket only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// Its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<Secret>,
}

/// The mail catcher, and the agent's own user of it.
#[derive(Debug, Clone, Serialize)]
pub struct MailValues {
    /// `127.0.0.1`.
    pub smtp_host: String,
    /// Port for SMTP.
    pub smtp_port: u16,
    /// `agent-3`; becomes the tag of its mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Any will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `http://127.0.0.1:18025`.
    pub web_url: String,
    /// The API's search for the agent's mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_url: Option<String>,
}

/// The shared browser.
#[derive(Debug, Clone, Serialize)]
pub struct BrowserValues {
    /// `127.0.0.1`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// For Playwright and Puppeteer over WebSocket. Chromium has another one after each start, so that it is no value
    /// to build a template with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ws_url: Option<String>,
    /// For the protocol of the developer tools (CDP).
    pub cdp_url: String,
    /// For its HTTP API.
    pub http_url: String,
    /// The name by which the browser reaches the agent's application.
    pub app_host: String,
}

impl TemplateValues {
    /// What is known of an agent before any server was asked: id, ports and places.
    pub fn of(project: &Project, agent: AgentId, project_root: PathBuf, home: PathBuf) -> Self {
        Self {
            id: Some(agent),
            ports: project.ports_of(agent).into_iter().collect(),
            worktree: Some(project.root.clone()),
            ..Self::shared(project, project_root, home)
        }
    }

    /// The same without what belongs to one agent; `database` stays, for the one that is being built.
    #[must_use]
    pub fn without_agent(self) -> Self {
        let s3 = self.s3.map(|s3| S3Values { bucket: None, access_key: None, secret_key: None, ..s3 });
        let mail = self.mail.map(|mail| MailValues { user: None, password: None, search_url: None, ..mail });
        let browser = self.browser.map(|browser| BrowserValues { ws_url: None, ..browser });
        Self { id: None, ports: BTreeMap::new(), worktree: None, s3, mail, browser, ..self }
    }

    /// What all agents have in common, for steps that make something that they share.
    pub fn shared(project: &Project, project_root: PathBuf, home: PathBuf) -> Self {
        Self {
            id: None,
            project: project.name.clone(),
            ports: BTreeMap::new(),
            database: None,
            s3: None,
            mail: None,
            browser: None,
            worktree: None,
            project_root,
            home,
        }
    }
}
