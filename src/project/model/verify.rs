//! `[verify]`: the stages of a check.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::template::Template;

/// One of `[[verify.stages]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyStage {
    /// Its name, unique among the stages.
    pub name: String,
    /// Only with `--full`.
    pub full: bool,
    /// Whether it says nothing while the stack is down; by default where it has an `http_get`.
    pub needs_stack: bool,
    /// Whether it is watched whose servers its commands talk to; `[verify] watch_network`.
    pub watched: bool,
    /// The ports on which these may be anybody's; `[verify] allow_ports`.
    pub allow_ports: Vec<RangeInclusive<u16>>,
    /// For the whole stage; 10 minutes by default.
    pub timeout: Duration,
    /// Run together.
    pub commands: Vec<VerifyCommand>,
}

/// One command of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyCommand {
    /// Its name, unique in the stage.
    pub name: String,
    /// What it does.
    pub check: VerifyCheck,
    /// Directory to run in, relative to the tree.
    pub working_dir: Option<PathBuf>,
    /// Further environment.
    pub environment: Vec<(String, Template)>,
    /// Patterns of the files that decide its outcome; without any it is run always.
    pub inputs: Vec<String>,
    /// A project's own diagnostic pattern: a regular expression with groups `file`, `line`, `message`.
    pub error_pattern: Option<String>,
}

/// What a command of a stage does.
#[derive(Debug, Clone, PartialEq)]
pub enum VerifyCheck {
    /// A shell command.
    Run(Template),
    /// A GET that must answer 200..=399.
    Http {
        /// `host`, loopback when absent.
        host: Option<Template>,
        /// `port`.
        port: Template,
        /// `path`.
        path: Template,
    },
}
