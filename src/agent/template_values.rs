//! What templates see of one agent.

use super::{Context, Record, urls};
use crate::infra::docker::forward;
use crate::infra::{Infra, ValuesRequest};
use crate::postgres::{DatabaseCredentials, closing};
use crate::project::{Project, Template};
use crate::render::{self, Environment, Renderer};
use crate::stores;
use crate::supervisor::{ProcessSpec, StackSpec, StopSpec};
use crate::system;
use crate::system::loopback_map::{LoopbackMap, MAPPED};

/// The values of an agent, complete: also of what is still to be made, since names and passwords are
/// decided before anything exists. `project` is the one of the agent's tree.
pub(super) fn of(context: &Context, project: &Project, record: &Record, infra: &Infra) -> render::TemplateValues {
    let (agent, home) = (record.agent, context.home.path().to_owned());
    let database = infra.servers.postgres.as_ref().zip(record.database_password.as_ref());
    let bucket = infra.servers.s3.as_ref().zip(record.bucket_secret.as_ref());
    let request = ValuesRequest {
        agent: Some(agent),
        database: database.map(|(server, password)| server.agent_login(agent, password)),
        sockets: infra.record.socket_dir(&context.home),
        bucket_keys: bucket.map(|(s3, secret)| infra.agent_s3_keys(s3, &agent.bucket(), secret)),
    };
    render::TemplateValues {
        worktree: Some(record.tree.clone()),
        urls: urls::in_templates(context, record),
        stores: stores::values(project, &context.home, agent, &path(context, record)),
        servers: infra.servers.template_values(&request),
        ..render::TemplateValues::of(project, agent, record.project_root.clone(), home)
    }
}

/// Where the programs of an agent's stack are looked for: the same from every shell.
pub(super) fn path(context: &Context, record: &Record) -> String {
    record.base_environment.get("PATH").cloned().or_else(|| context.variable("PATH")).unwrap_or_default()
}

/// The values that need no agent: what template steps may use. `database` is the one being built.
pub(super) fn shared(
    context: &Context,
    project: &Project,
    infra: &Infra,
    database: Option<&DatabaseCredentials>,
) -> render::TemplateValues {
    let home = context.home.path().to_owned();
    let request = ValuesRequest { agent: None, database: database.cloned(), sockets: None, bucket_keys: None };
    render::TemplateValues {
        servers: infra.servers.template_values(&request),
        ..render::TemplateValues::shared(project, project.root.clone(), home)
    }
}

/// A project's templates as one agent sees them: the only source of values and environment.
pub(super) struct Rendering<'a> {
    /// Evaluates the project's templates.
    pub(super) renderer: Renderer<'a>,
    /// What they see.
    pub(super) values: render::TemplateValues,
    /// The environment of the agent's processes, the same from every shell: its base is what the caller's was when the
    /// stack was started.
    pub(super) environment: Environment,
}

impl<'a> Rendering<'a> {
    /// Renders the environment. `project` is the one of the agent's tree.
    ///
    /// # Errors
    /// A template cannot be evaluated.
    pub(super) fn of(context: &Context, project: &'a Project, record: &Record, infra: &Infra) -> render::Result<Self> {
        let renderer = Renderer::new(project);
        let values = of(context, project, record, infra);
        let mut environment = renderer.environment(&values, &|name| record.base_environment.get(name).cloned())?;
        let ports = renderer.network_map(&values, &environment)?;
        if !ports.is_empty() {
            let stack = system::marker_value(context.home.id(), &record.agent.stack().to_string());
            environment.surround(MAPPED, LoopbackMap { ports, stack }.to_string());
        }
        Ok(Self { renderer, values, environment })
    }

    /// Evaluates a template; `key` is its path in `harness.toml`.
    ///
    /// # Errors
    /// It cannot be evaluated.
    pub(super) fn text(&self, key: &str, template: &Template) -> render::Result<String> {
        self.renderer.text(key, template, &self.values, &self.environment)
    }
}

/// Adds what harness itself runs beside the application: the process by which a browser in a container reaches the
/// agent's ports on loopback, and the one that closes the databases that the agent makes. Each only where needed.
pub(super) fn add_own_processes(
    spec: &mut StackSpec,
    project: &Project,
    record: &Record,
    infra: &Infra,
) -> system::Result<()> {
    let harness = std::env::current_exe().map_err(system::Error::call("find the harness program"))?;
    let ports: Vec<u16> = record.ports.values().copied().collect();
    if let Some((name, process)) = forward::process(&infra.record, &ports, &harness, &record.tree) {
        spec.processes.insert(name.to_owned(), process);
    }
    let database = infra.servers.postgres.as_ref().zip(record.database_password.as_ref());
    spec.database = database.map(|(server, _)| format!("{}:{}", server.host, server.port));
    if let Some((server, password)) = database.filter(|_| project.database.create && !project.database.disabled) {
        let (name, arguments, environment) = closing::process(server, record.agent, password);
        let command = std::iter::once(harness.display().to_string()).chain(arguments.map(str::to_owned)).collect();
        let process = ProcessSpec {
            environment: environment.into_iter().collect(),
            shutdown: StopSpec { timeout_seconds: 2.0, ..StopSpec::default() },
            ..ProcessSpec::kept_running(command, record.tree.clone())
        };
        spec.processes.insert(name.to_owned(), process);
    }
    Ok(())
}
