//! Whether an agent's database comes from the template that its tree asks for now.

use super::{Context, Record, launch};
use crate::infra::Infra;
use crate::postgres::{Admin, Link, Patience};
use crate::project::Project;
use crate::render::Renderer;
use crate::report::{Failure, TemplateState};

/// Compares the template of the agent's database with the one that the files of its tree would make; `None` where it has
/// no database. `project` is the one of the agent's tree.
///
/// # Errors
/// The server does not answer, or a step cannot be evaluated.
pub(super) async fn template_state(
    context: &Context,
    project: &Project,
    record: &Record,
    renderer: &Renderer<'_>,
    infra: &Infra,
) -> Result<Option<TemplateState>, Failure> {
    let (Some(server), Some(used)) = (&infra.servers.postgres, &record.template) else { return Ok(None) };
    let inputs = launch::TemplateInputs::of(context, project, renderer, infra, server)?;
    let plan = inputs.plan(context, project, &record.tree);
    let admin = Admin::connect(&server.clone().with_patience(Patience::LOOKING)).await?;
    let name = plan.links(admin.version().major)?.last().map(Link::database);
    Ok(Some(if name.as_ref() == Some(used) { TemplateState::Current } else { TemplateState::Stale }))
}
