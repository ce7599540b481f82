//! `db reset`: fresh clones of the templates in the place of an agent's database and stores.

use std::path::Path;

use super::{Context, Error, Record, launch, template_values::Rendering};
use crate::infra;
use crate::postgres::background::Background;
use crate::postgres::{self, CloneRequest, Cut, Server, snapshot, template};
use crate::project::Project;
use crate::report::Failure;

pub(super) async fn reset(
    context: &Context,
    record: &mut Record,
    infra: &infra::Infra,
    server: Option<&Server>,
) -> Result<Cut, Failure> {
    let agent = record.agent;
    let project = context.in_tree(&context.project_at(&record.project_root)?, &record.tree)?;
    let rendering = Rendering::of(context, &project, record, infra)?;
    let Rendering { renderer, values, environment } = &rendering;
    let subject = format!("agent {agent}");
    let tree: &Path = &record.tree;
    let place = launch::Preparation {
        home: &context.home,
        events: &context.events,
        subject: &subject,
        tree,
        root: &record.project_root,
        copied: &[],
    };
    launch::prepare(&place, &project.prepare, renderer, values, environment).await?;
    let variable = |name: &str| context.variable(name);
    let templates = launch::store_templates(context, &project, infra, &rendering, &variable);
    let stores = launch::StorePlan::of(context, record, &templates, true).await?;
    let cut = match server {
        Some(server) => reset_database(context, record, infra, server, &project, &rendering).await?,
        None => Cut::default(),
    };
    stores.carry_out(record, &templates).await?;
    Ok(cut)
}

async fn reset_database(
    context: &Context,
    record: &mut Record,
    infra: &infra::Infra,
    server: &Server,
    project: &Project,
    rendering: &Rendering<'_>,
) -> Result<Cut, Failure> {
    let agent = record.agent;
    let without = || Error::Without { agent, what: "database" };
    let tree: &Path = &record.tree.clone();
    if project.database.replication {
        postgres::check_replication(server).await?;
    }
    let inputs = launch::TemplateInputs::of(context, project, &rendering.renderer, infra, server)?;
    let template = template::ensure(server, &inputs.plan(context, project, tree), &context.events).await?;
    let password = record.database_password.as_ref().ok_or_else(without)?;
    let request = CloneRequest {
        home_id: context.home.id(),
        project: &record.project,
        agent,
        password,
        create_databases: project.database.create,
        replication: project.database.replication,
        roles: &project.database.roles,
    };
    // a launch clones again what has no template yet: `post_clone` may be cut off
    let unfinished = Record { template: None, ..record.clone() };
    unfinished.write(&context.home)?;
    let cut = match snapshot::reset(server, &template, &request).await {
        Ok(cut) => cut,
        Err(error) => {
            // nothing was replaced, and no launch may do so unasked
            record.write(&context.home)?;
            return Err(error.into());
        }
    };
    Background::drop_replaced(server, request.home_id, agent).start(&context.home.infra_dir());
    let login = server.agent_login(agent, password);
    let leftover_references = &template.leftover_references;
    let post_clone = launch::PostClone { context, project, agent, tree, server, login: &login, leftover_references };
    post_clone.run(rendering).await?;
    let spares = usize::from(project.database.spares);
    Background::refill(server, request.home_id, request.project, &template.name, spares)
        .start(&context.home.infra_dir());
    record.template = Some(template.name.clone());
    record.write(&context.home)?;
    Ok(cut)
}
