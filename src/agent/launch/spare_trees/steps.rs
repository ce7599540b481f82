//! What `[prepare]` can do before there is an agent.

use std::collections::BTreeSet;

use crate::agent::Context;
use crate::agent::launch::prepare::{self, Preparation};
use crate::agent::template_values;
use crate::infra::Infra;
use crate::project::{PrepareStep, Project, inputs};
use crate::render::{self, Environment, Renderer};
use crate::report::Failure;
use crate::system::text::words;
use crate::system::{self};

/// Runs the steps of `project`, which is the one of the tree, up to the first that is an agent's own.
pub(super) async fn prepare(
    context: &Context,
    preparation: &Preparation<'_>,
    project: &Project,
    infra: &Infra,
    marker: &str,
) -> Result<(), Failure> {
    let renderer = Renderer::new(project);
    let values = render::TemplateValues {
        worktree: Some(preparation.tree.to_owned()),
        project_root: preparation.root.to_owned(),
        ..template_values::shared(context, project, infra, None)
    };
    let mut environment = renderer.shared_environment(&values, &|name| context.variable(name))?;
    environment.surround(system::MARKER, marker);
    let own = own_names(project, &environment);
    let count = project.prepare.iter().take_while(|step| !is_agents(step, preparation, &own)).count();
    prepare::run(preparation, &project.prepare[..count], &renderer, &values, &environment).await?;
    Ok(())
}

/// The variables that only an agent has.
fn own_names<'p>(project: &'p Project, shared: &Environment) -> BTreeSet<&'p str> {
    let names = project.env.iter().map(|(name, _)| name.as_str()).chain(["AGENT_ID"]);
    names.filter(|name| shared.get(name).is_none()).collect()
}

/// Whether a step names something that is an agent's own, in its command or in one of its input files.
fn is_agents(step: &PrepareStep, preparation: &Preparation<'_>, own: &BTreeSet<&str>) -> bool {
    let names = |text: &[u8]| words(text).any(|word| own.contains(word));
    if step.run.0.contains("{{") || step.run.0.contains("{%") || names(step.run.0.as_bytes()) {
        return true;
    }
    // inputs that cannot be read fail at the launch, which says so
    let Ok(files) = inputs::matching_files(preparation.tree, &step.inputs) else { return true };
    files.iter().any(|file| inputs::contents(&preparation.tree.join(file)).map_or(true, |text| names(&text)))
}
