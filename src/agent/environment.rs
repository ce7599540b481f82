//! The environment of an agent's processes, for `env` and for commands that run in it.

use std::collections::BTreeMap;

use super::template_values::Rendering;
use super::{Context, Record, client_programs, moved, undone};
use crate::infra::{self, Infra};
use crate::project::AgentId;
use crate::render;
use crate::report::{Environment, Failure};

/// An agent with everything that its environment depends on.
pub(super) struct Loaded {
    pub(super) record: Record,
    pub(super) infra: Infra,
    pub(super) environment: render::Environment,
}

pub(super) async fn load(context: &Context, agent: AgentId) -> Result<Loaded, Failure> {
    let record = undone::existing(context, agent)?;
    let record = moved::followed(context, record, None);
    let infra = infra::open(&context.home).await?.ok_or_else(|| context.without_servers())?;
    let project = context.in_tree(&context.project_at(&record.project_root)?, &record.tree)?;
    let environment = Rendering::of(context, &project, &record, &infra)?.environment;
    Ok(Loaded { record, infra, environment })
}

/// The agent's own variables: those of its env file.
///
/// # Errors
/// There is no such agent, or its configuration is wrong.
pub async fn environment(context: &Context, agent: AgentId) -> Result<Environment, Failure> {
    let loaded = load(context, agent).await?;
    let variables = loaded.environment.own().iter().cloned().collect();
    Ok(Environment { schema: "harness/env/1".to_owned(), agent: agent.get(), variables })
}

/// An agent's environment for commands that may call harness, which use this home, not the default one, or PostgreSQL's
/// programs, of which those that fit the server come first.
pub(super) fn for_commands(
    context: &Context,
    infra: &Infra,
    mut environment: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let path = environment.get("PATH").and_then(|path| client_programs::first_on_path(infra, path));
    environment.extend(path.map(|path| ("PATH".to_owned(), path)));
    environment.insert("HARNESS_HOME".to_owned(), context.home.path().display().to_string());
    environment
}
