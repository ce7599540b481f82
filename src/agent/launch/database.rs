//! The agent's database: template, clone, `post_clone`.

use std::time::{Duration, Instant};

use super::post_clone::PostClone;
use super::scope::Scope;
use super::template::TemplateInputs;
use crate::agent::template_values::Rendering;
use crate::agent::{Error, Record};
use crate::infra::Infra;
use crate::postgres::background::Background;
use crate::postgres::clone::{self, CloneState};
use crate::postgres::{self, CloneRequest, Inspection, LeftoverReferences, Server, snapshot, template};
use crate::project::Project;
use crate::render::Renderer;
use crate::report::{Failure, TemplateUse};

/// What this step did.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) changed: bool,
    /// A fresh clone: `post_clone` has to run.
    pub(super) cloned: bool,
    /// It took the place of one that the agent had.
    pub(super) replaced: bool,
    pub(super) template: Option<TemplateUse>,
    /// The spares that the next launch is to find.
    pub(super) refill: Option<Background>,
    pub(super) server: Option<String>,
    /// Where the template names itself.
    pub(super) leftover_references: LeftoverReferences,
    pub(super) times: Vec<(String, Duration)>,
}

/// What is known of the database before anything is made.
pub(super) struct Plan {
    server: Server,
    system_identifier: String,
    template: TemplateInputs,
    /// The agent's database is there, and its `post_clone` was run.
    complete: bool,
    /// What there is of the agent's pair.
    state: CloneState,
    /// The template, if it is there and needed.
    found: Option<postgres::Template>,
}

impl Plan {
    /// Looks at the server; `None` when the project has no database.
    pub(super) async fn of(
        scope: Scope<'_>,
        project: &Project,
        record: &Record,
        infra: &Infra,
        renderer: &Renderer<'_>,
    ) -> Result<Option<Self>, Failure> {
        let Some(server) = infra.servers.postgres.clone().filter(|_| !project.database.disabled) else {
            return Ok(None);
        };
        let context = scope.context;
        let inspection = Inspection::of(&server, context.home.id(), record.agent).await?;
        let (system_identifier, state) = (inspection.system_identifier.clone(), inspection.state);
        let elsewhere = record.server.as_ref().is_some_and(|known| *known != system_identifier);
        if elsewhere && !scope.options.reset_database {
            return Err(Error::DatabaseLost(record.agent).into());
        }
        let wanted = record.template.is_some() && !scope.options.reset_database;
        let complete = wanted && state == CloneState::Complete;
        let template = TemplateInputs::of(context, project, renderer, infra, &server)?;
        let found = if complete {
            None
        } else {
            inspection.find_template(&template.plan(context, project, &record.tree)).await?
        };
        Ok(Some(Self { server, system_identifier, template, complete, state, found }))
    }

    pub(super) fn is_present(&self) -> bool {
        self.complete || self.found.is_some()
    }
}

/// Clones the template, building it first where it is missing, unless the agent has its database.
pub(super) async fn ensure(
    scope: Scope<'_>,
    project: &Project,
    record: &Record,
    plan: Option<&Plan>,
) -> Result<Made, Failure> {
    let (Some(plan), Some(password)) = (plan, &record.database_password) else { return Ok(Made::default()) };
    let context = scope.context;
    if plan.complete {
        let mut made = Made::default();
        if !clone::accepts_password(&plan.server, record.agent, password).await? {
            clone::set_password(&plan.server, context.home.id(), record.agent, password).await?;
            let role = record.agent.database();
            let text = format!("the password of role {role} was changed: it is set back; the data is kept");
            context.events.warning(scope.subject(), text);
            made.changed = true;
        }
        let template = record.template.clone().map(|name| TemplateUse { name, built: false });
        // only the wish for none is carried out here: the template of this agent may be an old one
        if let (0, Some(name)) = (project.database.spares, &record.template) {
            made.refill = Some(Background::refill(&plan.server, context.home.id(), &record.project, name, 0));
        }
        return Ok(Made { template, ..made });
    }
    if project.database.replication {
        postgres::check_replication(&plan.server).await?;
    }
    let mut made = Made { changed: true, cloned: true, ..Made::default() };
    let began = Instant::now();
    let wanted = plan.template.plan(context, project, &record.tree);
    let built;
    let template = if let Some(found) = &plan.found {
        found
    } else {
        built = template::ensure(&plan.server, &wanted, &context.events).await?;
        &built
    };
    if template.built {
        made.times.push(("template".to_owned(), began.elapsed()));
    }
    let began = Instant::now();
    let request = CloneRequest {
        home_id: context.home.id(),
        project: &record.project,
        agent: record.agent,
        password,
        create_databases: project.database.create,
        replication: project.database.replication,
        roles: &project.database.roles,
    };
    made.replaced = plan.state == CloneState::Complete;
    if made.replaced {
        // a clone whose `post_clone` did not end, or one that is to be replaced; its snapshots stay
        let task = context.events.task(scope.subject(), format!("clone database {} again", record.agent.database()));
        snapshot::reset(&plan.server, template, &request).await?;
        Background::drop_replaced(&plan.server, request.home_id, request.agent).start(&context.home.infra_dir());
        task.finish();
    } else {
        clone::create(&plan.server, template, &request, &context.events).await?;
    }
    made.times.push(("database".to_owned(), began.elapsed()));
    made.leftover_references = template.leftover_references.clone();
    made.template = Some(TemplateUse { name: template.name.clone(), built: template.built });
    let spares = usize::from(project.database.spares);
    made.refill = Some(Background::refill(&plan.server, context.home.id(), &record.project, &template.name, spares));
    made.server = Some(plan.system_identifier.clone());
    Ok(made)
}

/// Runs the project's `post_clone` in the fresh clone, with the agent's own environment.
pub(super) async fn post_clone(
    scope: Scope<'_>,
    project: &Project,
    record: &Record,
    infra: &Infra,
    rendering: &Rendering<'_>,
    leftover_references: &LeftoverReferences,
) -> Result<(), Failure> {
    let (Some(server), Some(password)) = (&infra.servers.postgres, &record.database_password) else { return Ok(()) };
    let post_clone = PostClone {
        context: scope.context,
        project,
        agent: record.agent,
        tree: &record.tree,
        server,
        login: &server.agent_login(record.agent, password),
        leftover_references,
    };
    post_clone.run(rendering).await
}
