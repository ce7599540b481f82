//! What every step of one launch is given: whose launch it is, and how it was asked for.

use std::path::PathBuf;
use std::time::Duration;

use crate::agent::Context;
use crate::project::{AgentId, EngineChoice};
use crate::system;

/// How to launch.
#[derive(Debug, Clone, Default)]
pub struct LaunchOptions {
    /// Disabled processes to start all the same.
    pub with: Vec<String>,
    /// How long processes may take to become healthy; the project's own when absent.
    pub timeout: Option<Duration>,
    /// Keep what a failed first launch made.
    pub keep: bool,
    /// Replace the database by a fresh clone of the template.
    pub reset_database: bool,
    /// Whether the agent gets a work tree of its own; the project's configuration decides when absent.
    pub worktree: Option<bool>,
    /// The branch of its work tree.
    pub branch: Option<String>,
    /// The engine that is asked for.
    pub engine: Option<EngineChoice>,
    /// Start although the memory of this machine does not suffice.
    pub force: bool,
}

/// Where an agent that is new lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lodging {
    /// As the options and `[worktree]` say.
    AsConfigured,
    /// In the project's root.
    Root,
    /// In a linked work tree that somebody else made.
    Adopted {
        /// Its top.
        path: PathBuf,
        /// The directory in it that corresponds to the project's root.
        tree: PathBuf,
    },
}

/// One launch of one agent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context,
    pub(super) options: &'a LaunchOptions,
    pub(super) agent: AgentId,
    pub(super) lodging: &'a Lodging,
}

impl Scope<'_> {
    /// What events are about.
    pub(super) fn subject(&self) -> String {
        format!("agent {}", self.agent)
    }

    /// Where the agent's state is.
    pub(super) fn directory(&self) -> PathBuf {
        self.context.home.stack_dir(self.agent.stack())
    }

    /// By which what works for the agent is known as a part of its stack.
    pub(super) fn marker(&self) -> String {
        system::marker_value(self.context.home.id(), &self.agent.stack().to_string())
    }
}
