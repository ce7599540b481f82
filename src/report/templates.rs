//! Documents of `harness template`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Removed;

/// `harness template list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateList {
    /// `harness/template-list/1`.
    pub schema: String,
    /// How copies are made on this server.
    pub copies: Copies,
    /// The templates of this home, oldest first.
    pub templates: Vec<TemplateRow>,
    /// Those of stores, oldest first.
    pub stores: Vec<StoreTemplateRow>,
}

/// `harness template show`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateShow {
    /// `harness/template-show/1`.
    pub schema: String,
    /// Its name: `tpl_<12 hexadecimal digits>`.
    pub name: String,
    /// How copies are made on this server.
    pub copies: Copies,
    /// What there is of it; null where it is not built yet.
    pub template: Option<TemplateRow>,
    /// Why no spares of it are made now; null where they are, or where it is not built.
    pub no_spares: Option<String>,
    /// What its steps are made from, in order.
    pub steps: Vec<TemplateStepRow>,
}

/// `harness template build`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateBuild {
    /// `harness/template-build/1`.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Whether it was built now; false where it was there.
    pub built: bool,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
}

/// `harness template drop` and `gc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateDrop {
    /// `harness/template-drop/1` or `harness/template-gc/1`.
    pub schema: String,
    /// Whether nothing was dropped because of `--dry-run`.
    pub dry_run: bool,
    /// What was dropped, or with `--dry-run` would be.
    pub dropped: Vec<Removed>,
}

/// How copies of databases are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Copies {
    /// The server's version.
    pub postgres: String,
    /// Whether a clone shares its blocks with the template, so that its size does not count.
    pub copy_on_write: bool,
    /// Whether the file system of the server's data can do so, as tried there; null on an external server.
    pub file_system: Option<bool>,
}

/// A template, or a state kept after an incremental step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateRow {
    /// Its name.
    pub name: String,
    /// The project it was built for.
    pub project: String,
    /// A state from which a later build begins, and which nothing is cloned from.
    pub kept: bool,
    /// Its size on the server's disk, in bytes.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: Option<String>,
    /// The agents whose databases come from it.
    pub agents: Vec<u8>,
    /// How many clones are ready for agents to come.
    pub spares: u64,
    /// How long a clone of it took at the shortest, in milliseconds; null where there is none.
    pub clone_ms: Option<u64>,
}

/// A template of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreTemplateRow {
    /// Its name: 12 hexadecimal digits.
    pub name: String,
    /// The store.
    pub store: String,
    /// The project it was built for.
    pub project: String,
    /// What its files take on disk, in bytes.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// The agents whose copies come from it.
    pub agents: Vec<u8>,
}

/// What a step is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateStepRow {
    /// Its name.
    pub name: String,
    /// Its input files.
    pub files: Vec<String>,
    /// The variables that its result depends on.
    pub variables: Vec<String>,
}
