//! What harness knows of one agent: `agents/<id>/record.json`.
//!
//! The record is written before a thing is made, so that everything that exists is in a record; it is the
//! only permission to remove anything. Passwords are in it, so the file is 0600 in a 0700 directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::project::{AgentId, Project};
use crate::system::{self, Home, Secret, Versioned};

/// One agent of a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The agent.
    pub agent: AgentId,
    /// `[project] name`.
    pub project: String,
    /// The project's root.
    pub project_root: PathBuf,
    /// Where its processes run: its work tree, or the project's root.
    pub tree: PathBuf,
    /// Its own work tree, where it has one.
    #[serde(default)]
    pub worktree: Option<WorktreeRecord>,
    /// How far it has come.
    #[serde(rename = "stage")]
    pub lifecycle: Lifecycle,
    /// Whether what a failed first launch made stays (`launch --keep`).
    #[serde(default)]
    pub kept: bool,
    /// Ports by name.
    pub ports: BTreeMap<String, u16>,
    /// Which of its ports speak HTTP.
    #[serde(default)]
    pub web_ports: Vec<String>,
    /// `system_identifier` of the PostgreSQL server that it lives on.
    pub server: Option<String>,
    /// Its database's password; name and role follow from the id.
    pub database_password: Option<Secret>,
    /// The template that its database was cloned from, once there is one.
    pub template: Option<String>,
    /// Its S3 secret key; access key and bucket follow from the id.
    pub bucket_secret: Option<Secret>,
    /// Whether it has a mail tag.
    pub mail: bool,
    /// Whether anything of it was begun on a shared server; until then none has to be asked to remove it.
    #[serde(default = "yes")]
    pub used_servers: bool,
    /// Files that were rendered outside the home, absolute.
    pub rendered: Vec<PathBuf>,
    /// The guides among what was rendered, absolute: they go only while they are still harness's own.
    #[serde(default)]
    pub guides: Vec<PathBuf>,
    /// Where the env file is.
    pub env_file: Option<PathBuf>,
    /// The caller's part of the processes' environment, as it was when the stack was started: the same
    /// stack comes out of every shell.
    #[serde(default)]
    pub base_environment: BTreeMap<String, String>,
    /// Processes that were asked for with `--with`.
    pub with: Vec<String>,
    /// The digest of the rendered process config.
    pub spec_digest: Option<String>,
}

/// The work tree of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeRecord {
    /// Where it is.
    pub path: PathBuf,
    /// The branch that harness made for it.
    pub branch: Option<String>,
    /// Whether harness made it; one that was adopted is never removed.
    pub made: bool,
    /// Whether it is complete, with all that the project's root lends it.
    #[serde(default = "yes")]
    pub populated: bool,
    /// What was copied into it from the project's root; absent in records of older versions.
    #[serde(default)]
    pub copied: Option<Vec<String>>,
}

/// What older records, which do not say, mean.
fn yes() -> bool {
    true
}

/// How far an agent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Its first launch is not complete: a failure undoes it.
    Launching,
    /// It was up once: a failure leaves it for inspection.
    Launched,
    /// It is being removed.
    TearingDown,
}

impl Versioned for Record {
    const WHAT: &'static str = "agent record";
    const VERSION: u32 = 1;
}

impl Record {
    /// Where the record of an agent is.
    pub fn path(home: &Home, agent: AgentId) -> PathBuf {
        home.stack_dir(agent.stack()).join("record.json")
    }

    /// Reads the record of an agent; `None` when it has none.
    pub fn read(home: &Home, agent: AgentId) -> system::Result<Option<Self>> {
        system::read_versioned(&Self::path(home, agent))
    }

    /// Writes it.
    pub fn write(&self, home: &Home) -> system::Result<()> {
        system::write_versioned(&Self::path(home, self.agent), self)
    }

    /// URL by name, of the ports that speak HTTP.
    pub fn urls(&self) -> BTreeMap<String, String> {
        self.web_ports
            .iter()
            .filter_map(|name| Some((name.clone(), format!("http://localhost:{}", self.ports.get(name)?))))
            .collect()
    }

    /// The directory that is the agent's: its whole work tree, of which `tree` may be a part, or the
    /// project's root.
    pub fn place(&self) -> &Path {
        self.worktree.as_ref().map_or(&self.tree, |worktree| &worktree.path)
    }

    /// A launch that begins: the agent's project and ports, and nothing else yet.
    pub fn begun(project: &Project, agent: AgentId) -> Self {
        let ports = project.ports_of(agent).into_iter().collect();
        Self::empty(agent, project.name.clone(), project.root.clone(), ports)
    }

    fn empty(agent: AgentId, project: String, root: PathBuf, ports: BTreeMap<String, u16>) -> Self {
        Self {
            agent,
            project,
            tree: root.clone(),
            project_root: root,
            worktree: None,
            lifecycle: Lifecycle::Launching,
            kept: false,
            ports,
            web_ports: Vec::new(),
            server: None,
            database_password: None,
            template: None,
            bucket_secret: None,
            mail: false,
            used_servers: false,
            rendered: Vec::new(),
            guides: Vec::new(),
            env_file: None,
            base_environment: BTreeMap::new(),
            with: Vec::new(),
            spec_digest: None,
        }
    }

    /// What stays of a launch that failed while its work tree is worth keeping: the lease and the tree.
    #[must_use]
    pub fn with_tree_only(self) -> Self {
        let Self { tree, worktree, kept, web_ports, base_environment, with, .. } = self;
        let empty = Self::empty(self.agent, self.project, self.project_root, self.ports);
        Self { tree, worktree, kept, web_ports, base_environment, with, ..empty }
    }

    /// Whether the agent shares its tree with the project.
    pub fn shares_root(&self) -> bool {
        // in a bare repository a linked tree may be the project's root
        self.worktree.is_none() && self.tree == self.project_root
    }
}
