//! `[verify]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationValue, HttpGet, Ordered, Scalar};

/// One stage: its commands run together.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// Its name, unique among the stages.
    pub(crate) name: String,
    /// True: only with `--full`.
    #[serde(default)]
    pub(crate) full: bool,
    /// False when it says something without a running stack: it is then run even while a process is down.
    /// Unless given, true for stages with an `http_get`.
    pub(crate) needs_stack: Option<bool>,
    /// For the whole stage; `"10m"` unless given.
    pub(crate) timeout: Option<DurationValue>,
    /// What must pass.
    pub(crate) commands: Vec<Command>,
}

/// What must pass: either `run` or `http_get`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// Its name, unique in the stage.
    pub(crate) name: String,
    /// A shell command, a template; exit status 0 passes.
    pub(crate) run: Option<String>,
    /// Asks for a page of the running stack; a status of 200 to 399 passes.
    pub(crate) http_get: Option<HttpGet>,
    /// Directory to run in, relative to the tree.
    pub(crate) working_dir: Option<PathBuf>,
    /// Environment on top of `[env]`; values are templates.
    #[serde(default)]
    pub(crate) environment: Ordered<Scalar>,
    /// Globs of the files that decide its outcome: `["src/**", "package.json"]`. `verify --affected` skips a `run` whose
    /// files, line, directory and environment are those of its last pass.
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    /// A regular expression with groups `file`, `line` and `message` that finds the first error in its output.
    pub(crate) error_pattern: Option<String>,
}
