//! `[database]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationValue, Ordered, Scalar};

/// The agents' databases, and the template that they are cloned from.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Database {
    /// True when this project needs no database.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// Extensions that the admin creates before the first step: `["uuid-ossp", "vector"]`.
    #[serde(default)]
    pub(crate) extensions: Vec<String>,
    /// True gives the agent CREATEDB; Django, Rails and Prisma make test databases.
    #[serde(default)]
    pub(crate) create: bool,
    /// True gives the agent REPLICATION, for logical replication. It can then read the whole server: see
    /// `docs/configuration.md`.
    #[serde(default)]
    pub(crate) replication: bool,
    /// Cluster-wide roles that migrations expect to exist.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// How many clones are kept ready for agents to come; 2 unless given, 0 for none.
    pub(crate) spares: Option<u8>,
    /// What becomes of the agent's processes when its database is replaced by `reset`, `restore`, `load` or `--reset-db`.
    pub(crate) on_replace: Option<OnReplace>,
    /// How the template is built.
    #[serde(default)]
    pub(crate) template: Template,
    /// Commands that run in each clone, with the agent's environment: re-seal credentials, rewrite URLs.
    #[serde(default)]
    pub(crate) post_clone: Vec<PostClone>,
}

/// What becomes of processes when their database is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum OnReplace {
    /// Nothing: their sessions end, and they connect again. The default.
    Keep,
    /// They are restarted, for those that keep what they have read.
    Restart,
}

/// How the template is built.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Template {
    /// Run in order against an empty database. They get PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and
    /// `DATABASE_URL` of it, `[database.template.env]`, and those `[env]` values that need no agent.
    #[serde(default)]
    pub(crate) steps: Vec<TemplateStep>,
    /// Further environment of the steps; values are templates.
    #[serde(default)]
    pub(crate) env: Ordered<Scalar>,
}

/// A step of the template: either `run` or `sql`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateStep {
    /// Its name, unique among the steps.
    pub(crate) name: String,
    /// A shell command, a template; `database` is the one being built.
    pub(crate) run: Option<String>,
    /// A file of SQL, relative to the tree; it is an input by itself.
    pub(crate) sql: Option<PathBuf>,
    /// Globs of the files that decide whether it must run again: `["migrations/**"]`.
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    /// True when appended inputs may be applied to the former state, as migrations may.
    #[serde(default)]
    pub(crate) incremental: bool,
    /// True runs it as the server's administrator, for what the role that builds the template may not do: event triggers,
    /// `session_replication_role`, extensions that are not trusted, `CREATE ROLE`.
    #[serde(default)]
    pub(crate) admin: bool,
    /// Directory to run in, relative to the tree.
    pub(crate) working_dir: Option<PathBuf>,
    /// `"10m"` unless given.
    pub(crate) timeout: Option<DurationValue>,
}

/// A shell command, or a table.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum PostClone {
    Command(String),
    Step(PostCloneStep),
}

/// What is done to each clone: either `run` or `sql`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostCloneStep {
    /// A shell command, a template.
    pub(crate) run: Option<String>,
    /// A file of SQL, relative to the tree.
    pub(crate) sql: Option<PathBuf>,
    /// Directory to run in, relative to the tree.
    pub(crate) working_dir: Option<PathBuf>,
    /// `"10m"` unless given.
    pub(crate) timeout: Option<DurationValue>,
}
