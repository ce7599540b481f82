//! What a shell offers to complete: agents, and the names in their project. Never fails, starts nothing.

use super::{Context, Record, identity};
use crate::project::{AgentId, Project};

/// An agent, and what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAgent {
    /// Its id.
    pub agent: AgentId,
    /// Its project; empty where its record cannot be read.
    pub project: String,
}

/// The agents of the home.
pub fn known_agents(context: &Context) -> Vec<KnownAgent> {
    let agents = identity::agents(context).unwrap_or_default();
    let project = |agent| Record::read(&context.home, agent).ok().flatten().map(|record| record.project);
    agents.into_iter().map(|agent| KnownAgent { agent, project: project(agent).unwrap_or_default() }).collect()
}

/// The project of `agent`, else of the agent that is meant without an id, else the project of the current directory.
pub fn known_project(context: &Context, agent: Option<AgentId>) -> Option<Project> {
    let agent = identity::resolve(context, agent).ok();
    let record = agent.and_then(|agent| Record::read(&context.home, agent).ok().flatten());
    record.and_then(|record| context.project_at(&record.project_root).ok()).or_else(|| context.project().ok())
}
