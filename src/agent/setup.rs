//! `setup`: the shared servers and the project's template, from the project's root.

use std::path::Path;
use std::time::Instant;

use super::{Context, Error, engine_choice, identity, launch, status, template_values};
use crate::infra::{self, Infra, InfraRecord};
use crate::postgres;
use crate::project::{self, EngineChoice, Project};
use crate::render::Renderer;
use crate::report::{Failure, Setup, TemplateUse};

/// Brings the shared servers up and builds the template of the project of the current directory.
/// `engine` overrides the project's setting; with `free_ports`, ports that are in use are replaced first.
///
/// # Errors
/// No project, a server that does not start, a template step that fails.
pub async fn setup(context: &Context, engine: Option<EngineChoice>, free_ports: bool) -> Result<Setup, Failure> {
    let began = Instant::now();
    let mut project = context.project()?;
    if free_ports && use_free_ports(context, &project)? {
        project = context.project()?;
    }
    let mut settings = project.infra.clone();
    settings.engine = engine.unwrap_or(settings.engine);
    if let Some(wish) = engine {
        leave_engine(context, wish).await?;
    }
    engine_choice::stay_with_data(context, settings.engine)?;
    if let Some(wish) = engine {
        // before anything is tried: what fails now is gone on with by any command
        infra::remember_engine(&context.home, engine_choice::named(wish))?;
    }
    let infra = infra::ensure(&context.home, &settings, &project.database.extensions, &context.events).await?;
    for drift in &infra.drift {
        context.events.warning("infra", drift.clone());
    }
    let (template, infra) = tokio::join!(template(context, &project, &infra), status::infra(context));
    let (template, infra) = (template?, infra?);
    Ok(Setup {
        schema: "harness/setup/1".to_owned(),
        infra,
        template,
        duration_ms: crate::report::milliseconds(began.elapsed()),
    })
}

/// Writes a free block of ports to the user's own file of ports, unless the ports of this home are chosen already or
/// none of the wanted ones is in use. Returns whether it wrote one.
fn use_free_ports(context: &Context, project: &Project) -> Result<bool, Failure> {
    if InfraRecord::read(&context.home)?.is_some_and(|record| record.settled) {
        context.events.note("infra", "the ports of this home are already chosen");
        return Ok(false);
    }
    let wanted = project.infra.ports;
    let Some(block) = infra::free_block(&wanted).filter(|block| *block != wanted) else { return Ok(false) };
    let directory = context.variable("HOME").filter(|home| !home.is_empty()).ok_or(crate::system::Error::NoHome)?;
    let path = project::remember_ports(Path::new(&directory), &block)?;
    context.events.note("infra", format!("wrote free ports to `{}`", path.display()));
    Ok(true)
}

/// The template of a project's root, found or built; `None` where the project has no database.
async fn template(context: &Context, project: &Project, infra: &Infra) -> Result<Option<TemplateUse>, Failure> {
    let Some(server) = infra.servers.postgres.as_ref().filter(|_| !project.database.disabled) else { return Ok(None) };
    let renderer = Renderer::new(project);
    let inputs = launch::TemplateInputs::of(context, project, &renderer, infra, server)?;
    let plan = inputs.plan(context, project, &project.root);
    if let Some(found) = postgres::template::find(server, &plan).await? {
        return Ok(Some(TemplateUse { name: found.name.clone(), built: false }));
    }
    let values = template_values::shared(context, project, infra, None);
    let place = launch::Preparation {
        home: &context.home,
        events: &context.events,
        subject: "template",
        tree: &project.root,
        root: &project.root,
        copied: &[],
    };
    let environment = renderer.template_environment(&values, &|name| context.variable(name))?;
    launch::prepare(&place, &project.prepare, &renderer, &values, &environment).await?;
    let built = postgres::template::ensure(server, &plan, &context.events).await?;
    Ok(Some(TemplateUse { name: built.name.clone(), built: built.built }))
}

/// Takes down the servers of the home's engine where another one is asked for by name. Databases and buckets are not
/// copied, so it is refused while agents have some.
async fn leave_engine(context: &Context, wish: EngineChoice) -> Result<(), Failure> {
    let Some(wish) = engine_choice::named(wish) else { return Ok(()) };
    let Some(record) = InfraRecord::read(&context.home)?.filter(|record| record.engine != wish) else { return Ok(()) };
    let agents = identity::agents(context)?;
    if !agents.is_empty() {
        return Err(Error::EngineInUse { agents, engine: record.engine.as_str() }.into());
    }
    let (from, to) = (record.engine.as_str(), wish.as_str());
    let text = format!(
        "changing the engine from {from} to {to}: templates are built again; shared buckets and mail are not kept"
    );
    context.events.warning("infra", text);
    infra::teardown(&context.home, true, &context.events).await?;
    Ok(())
}
