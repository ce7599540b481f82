//! `template`: the templates of this home, and the one that the tree of the current directory asks for.

use std::path::Path;
use std::time::Instant;

use super::{Context, Error, identity, launch, template_values};
use crate::infra::{self, Infra};
use crate::postgres::background::Background;
use crate::postgres::spare;
use crate::postgres::template::{self, Existing, ExistingStep};
use crate::postgres::{Admin, CopyOnWrite, Link, Patience, Server};
use crate::project::Project;
use crate::render::Renderer;
use crate::report::{
    Copies, Failure, Removed, RemovedKind, StoreTemplateRow, TemplateBuild, TemplateDrop, TemplateList, TemplateRow,
    TemplateShow, TemplateStepRow, TemplateUse, milliseconds,
};
use crate::stores::{self, AgentStores};

/// Every template of the home, those of stores too.
///
/// # Errors
/// There is no server, or it does not answer.
pub async fn templates(context: &Context) -> Result<TemplateList, Failure> {
    let (_, server) = servers(context, Patience::READING).await?;
    let found = template::list(&server, context.home.id()).await?;
    Ok(TemplateList {
        schema: "harness/template-list/1".to_owned(),
        copies: copies(&server).await?,
        templates: found.iter().map(row).collect(),
        stores: of_stores(context)?,
    })
}

fn of_stores(context: &Context) -> Result<Vec<StoreTemplateRow>, Failure> {
    let mut users: Vec<(String, u8)> = Vec::new();
    for agent in identity::agents(context)? {
        let own = AgentStores::of(&context.home, agent);
        for store in own.complete()? {
            users.extend(own.template(&store)?.map(|template| (template, agent.get())));
        }
    }
    let templates = stores::templates(&context.home)?.into_iter();
    let row = templates.map(|found| StoreTemplateRow {
        agents: users.iter().filter(|(template, _)| *template == found.name).map(|(_, agent)| *agent).collect(),
        name: found.name,
        store: found.store,
        project: found.project,
        bytes: found.bytes,
        made_at: found.made_at,
    });
    Ok(row.collect())
}

/// One template: by name, or the one that the tree of the current directory asks for, built or not.
///
/// # Errors
/// There is no such template, no project here, or no server.
pub async fn template(context: &Context, name: Option<&str>) -> Result<TemplateShow, Failure> {
    let (infra, server) = servers(context, Patience::READING).await?;
    let (name, wanted) = if let Some(name) = name {
        (name.to_owned(), None)
    } else {
        let links = links(context, &infra, &server).await?;
        (links.last().map(Link::database).unwrap_or_default(), Some(links))
    };
    let existing = template::list(&server, context.home.id()).await?;
    let found = existing.iter().find(|one| one.name == name);
    let steps = match (found, wanted) {
        (Some(found), _) => found.steps.iter().map(step).collect(),
        (None, Some(links)) => links.iter().skip(1).map(planned).collect(),
        (None, None) => {
            let known = existing.into_iter().map(|one| one.name).collect();
            return Err(crate::postgres::Error::TemplateMissing { name, known }.into());
        }
    };
    let no_spares = match found.filter(|found| !found.kept) {
        Some(found) => spare::obstacle(&server, found.bytes).await?,
        None => None,
    };
    Ok(TemplateShow {
        schema: "harness/template-show/1".to_owned(),
        copies: copies(&server).await?,
        no_spares,
        template: found.map(row),
        name,
        steps,
    })
}

/// Builds the template that the tree of the current directory asks for, unless it is there.
///
/// # Errors
/// No project, a server that does not start, a step that fails.
pub async fn build_template(context: &Context) -> Result<TemplateBuild, Failure> {
    let began = Instant::now();
    let (project, place) = (context.project()?, context.place()?);
    let in_tree = context.in_tree(&project, &place.tree)?;
    let without = || Error::NoDatabase(project.name.clone());
    if in_tree.database.disabled {
        return Err(without().into());
    }
    let extensions = &project.database.extensions;
    let infra = infra::ensure(&context.home, &project.infra, extensions, &context.events).await?;
    let used = ensure(context, &in_tree, &place.tree, &infra).await?.ok_or_else(without)?;
    Ok(TemplateBuild {
        schema: "harness/template-build/1".to_owned(),
        name: used.name,
        built: used.built,
        duration_ms: milliseconds(began.elapsed()),
    })
}

/// Drops templates, with their spares.
///
/// # Errors
/// There is none of a name, or one is in use and `force` is not set: then none is dropped. One is being built or cloned:
/// those before it are gone.
pub async fn drop_templates(context: &Context, names: &[String], force: bool) -> Result<TemplateDrop, Failure> {
    let (_, server) = servers(context, Patience::CHANGING).await?;
    template::check_removable(&server, context.home.id(), names, force).await?;
    let mut dropped = Vec::new();
    for name in names {
        template::remove(&server, context.home.id(), name, force).await?;
        dropped.push(Removed::new(RemovedKind::Database, name.clone()));
    }
    Ok(TemplateDrop { schema: "harness/template-drop/1".to_owned(), dry_run: false, dropped })
}

/// Drops the templates that no agent uses, but the newest of each project.
///
/// # Errors
/// There is no server, or it refuses.
pub async fn collect_templates(context: &Context, dry_run: bool) -> Result<TemplateDrop, Failure> {
    let (_, server) = servers(context, Patience::CHANGING).await?;
    let found = template::collect(&server, context.home.id(), dry_run).await?;
    let what =
        |one: &Existing| format!("of {}, made {}", one.project, one.made_at.as_deref().unwrap_or("at an unknown time"));
    let dropped = found.iter().map(|one| Removed::with(RemovedKind::Database, one.name.clone(), what(one))).collect();
    Ok(TemplateDrop { schema: "harness/template-gc/1".to_owned(), dry_run, dropped })
}

/// The template of `tree`, found or built; `None` where the project has no database. Spares of it are made in the
/// background.
pub(super) async fn ensure(
    context: &Context,
    project: &Project,
    tree: &Path,
    infra: &Infra,
) -> Result<Option<TemplateUse>, Failure> {
    let Some(server) = infra.servers.postgres.as_ref().filter(|_| !project.database.disabled) else { return Ok(None) };
    let renderer = Renderer::new(project);
    let inputs = launch::TemplateInputs::of(context, project, &renderer, infra, server)?;
    let plan = inputs.plan(context, project, tree);
    let used = if let Some(found) = template::find(server, &plan).await? {
        TemplateUse { name: found.name.clone(), built: false }
    } else {
        let values = template_values::shared(context, project, infra, None);
        let place = launch::Preparation {
            home: &context.home,
            events: &context.events,
            subject: "template",
            tree,
            root: &project.root,
            copied: &[],
        };
        let environment = renderer.template_environment(&values, &|name| context.variable(name))?;
        launch::prepare(&place, &project.prepare, &renderer, &values, &environment).await?;
        let built = template::ensure(server, &plan, &context.events).await?;
        TemplateUse { name: built.name.clone(), built: built.built }
    };
    let spares = usize::from(project.database.spares);
    Background::refill(server, context.home.id(), &project.name, &used.name, spares).start(&context.home.infra_dir());
    Ok(Some(used))
}

/// The servers of this home, as they were decided; nothing is started.
async fn servers(context: &Context, patience: Patience) -> Result<(Infra, Server), Failure> {
    let infra = infra::open(&context.home).await?.ok_or_else(|| context.without_servers())?;
    let server = infra.servers.postgres.clone().ok_or_else(|| context.without_servers())?;
    Ok((infra, server.with_patience(patience)))
}

/// The chain of the template that the tree of the current directory asks for.
async fn links(context: &Context, infra: &Infra, server: &Server) -> Result<Vec<Link>, Failure> {
    let place = context.place()?;
    let project = context.in_tree(&context.project()?, &place.tree)?;
    let renderer = Renderer::new(&project);
    let inputs = launch::TemplateInputs::of(context, &project, &renderer, infra, server)?;
    let admin = Admin::connect(server).await?;
    Ok(inputs.plan(context, &project, &place.tree).links(admin.version().major)?)
}

async fn copies(server: &Server) -> Result<Copies, Failure> {
    let found = CopyOnWrite::probe(server).await?;
    Ok(Copies { copy_on_write: found.is_used(), file_system: found.file_system, postgres: found.version })
}

fn row(found: &Existing) -> TemplateRow {
    TemplateRow {
        name: found.name.clone(),
        project: found.project.clone(),
        kept: found.kept,
        bytes: found.bytes,
        made_at: found.made_at.clone(),
        agents: found.agents.iter().map(|agent| agent.get()).collect(),
        spares: found.spares as u64,
        clone_ms: found.clone_ms,
    }
}

fn step(found: &ExistingStep) -> TemplateStepRow {
    let ExistingStep { name, files, variables } = found.clone();
    TemplateStepRow { name, files, variables }
}

fn planned(link: &Link) -> TemplateStepRow {
    TemplateStepRow {
        name: link.step.clone(),
        files: link.files.keys().cloned().collect(),
        variables: link.environment.keys().cloned().collect(),
    }
}
