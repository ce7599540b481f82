//! Which agents to tear down, and how.

use crate::project::AgentId;

/// Whom to tear down, and how.
#[derive(Debug, Clone)]
pub struct TeardownOptions {
    /// Whom.
    pub target: TeardownTarget,
    /// Only say what would be removed.
    pub dry_run: bool,
    /// Also remove a work tree that holds work nobody else has; also stop the servers under agents that stay.
    pub force: bool,
    /// Also stop the shared servers.
    pub infra: bool,
    /// And remove their data.
    pub volumes: bool,
    /// Only those that turn out to be left over once nobody else is at work on them.
    pub only_leftovers: bool,
}

/// Whom to tear down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeardownTarget {
    /// These.
    Agents(Vec<AgentId>),
    /// Every agent of the project that the command stands in; outside a project, of the home.
    All,
}
