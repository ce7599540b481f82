//! Which agents to tear down, and how.

use crate::project::AgentId;

/// Which agents to tear down, and how.
#[derive(Debug, Clone)]
pub struct TeardownOptions {
    /// Which agents.
    pub target: TeardownTarget,
    /// Only say what would be removed.
    pub dry_run: bool,
    /// Also remove a work tree with work that exists nowhere else; also stop the servers under agents that stay.
    pub force: bool,
    /// Also stop the shared servers.
    pub infra: bool,
    /// And remove their data.
    pub volumes: bool,
    /// Only those that are still left over once no other command works on them.
    pub only_leftovers: bool,
}

/// Which agents to tear down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeardownTarget {
    /// These.
    Agents(Vec<AgentId>),
    /// Every agent of the project of the current directory; outside a project, of the home.
    All,
}
