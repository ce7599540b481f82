//! What `status` says of an agent's stores.

use super::template_values::Rendering;
use super::{Context, Record, launch};
use crate::infra::Infra;
use crate::project::Project;
use crate::report::{AgentStatus, Failure, StoreRow};
use crate::stores::{AgentStores, size};

/// The stores of which there is a copy.
///
/// # Errors
/// They cannot be read.
pub(super) fn rows(context: &Context, record: &Record) -> Result<Vec<StoreRow>, Failure> {
    let own = AgentStores::of(&context.home, record.agent);
    let mut rows = Vec::new();
    for name in own.complete()? {
        let directory = own.data(&name);
        rows.push(StoreRow {
            bytes: size(&directory),
            directory: directory.display().to_string(),
            template: own.template(&name)?,
            template_stale: None,
            name,
        });
    }
    Ok(rows)
}

/// Fills in which of them come from another template than a launch would use now.
///
/// # Errors
/// That cannot be found out.
pub(super) fn compare(
    context: &Context,
    project: &Project,
    infra: &Infra,
    rendering: &Rendering<'_>,
    status: &mut AgentStatus,
) -> Result<(), Failure> {
    let variable = |name: &str| context.variable(name);
    let templates = launch::store_templates(context, project, infra, rendering, &variable);
    for row in &mut status.stores {
        if let Some((name, store)) = project.stores.iter().find(|(name, _)| *name == row.name) {
            row.template_stale = Some(templates.name(name, store)? != row.template);
        }
    }
    Ok(())
}
