//! What templates see of one agent.

use std::collections::BTreeMap;

use super::{Context, Record};
use crate::infra::Infra;
use crate::infra::docker::forward;
use crate::postgres::{DatabaseCredentials, closing};
use crate::project::{Project, Template};
use crate::render::{self, BrowserValues, DatabaseValues, Environment, MailValues, Renderer, S3Values};
use crate::supervisor::{ProcessSpec, RestartSpec, StackSpec, StdinSpec, StopSpec};
use crate::system::{self, Secret};

/// The values of an agent, complete: also of what is still to be made, since names and passwords are
/// decided before anything exists. `project` is the one of the agent's tree.
pub(super) fn of(context: &Context, project: &Project, record: &Record, infra: &Infra) -> render::TemplateValues {
    let (agent, home) = (record.agent, context.home.path().to_owned());
    let mut values = render::TemplateValues::of(project, agent, record.project_root.clone(), home);
    values.worktree = Some(record.tree.clone());
    values.browser = browser(infra);
    if let (Some(server), Some(password)) = (&infra.servers.postgres, &record.database_password) {
        values.database = Some(database(&server.agent_login(agent, password)));
    }
    if let (Some(s3), Some(secret)) = (&infra.servers.s3, &record.bucket_secret) {
        let (access_key, secret_key) = infra.agent_s3_keys(s3, &agent.bucket(), secret);
        values.s3 = Some(S3Values {
            endpoint: s3.url.clone(),
            region: s3.region.clone(),
            bucket: Some(agent.bucket()),
            access_key: Some(access_key),
            secret_key: Some(secret_key),
        });
    }
    if let Some(mail) = &infra.servers.mail {
        let user = agent.bucket();
        values.mail = Some(MailValues {
            smtp_host: mail.smtp_host.clone(),
            smtp_port: mail.smtp_port,
            search_url: Some(format!("{}/api/v1/search?query=tag:{user}", mail.web_url)),
            web_url: mail.web_url.clone(),
            user: Some(user),
            password: Some("any".to_owned()),
        });
    }
    values
}

/// The values that need no agent: what template steps may use. `database` is the one being built.
pub(super) fn shared(
    context: &Context,
    project: &Project,
    infra: &Infra,
    database: Option<&DatabaseCredentials>,
) -> render::TemplateValues {
    let home = context.home.path().to_owned();
    let mut values = render::TemplateValues::shared(project, project.root.clone(), home);
    values.browser = browser(infra).map(|browser| BrowserValues { ws_url: None, ..browser });
    values.database = database.map(self::database);
    if let Some(s3) = &infra.servers.s3 {
        let (bucket, access_key, secret_key) = (None, None, None);
        let (endpoint, region) = (s3.url.clone(), s3.region.clone());
        values.s3 = Some(S3Values { endpoint, region, bucket, access_key, secret_key });
    }
    if let Some(mail) = &infra.servers.mail {
        values.mail = Some(MailValues {
            smtp_host: mail.smtp_host.clone(),
            smtp_port: mail.smtp_port,
            user: None,
            password: None,
            web_url: mail.web_url.clone(),
            search_url: None,
        });
    }
    values
}

/// A project's templates as one agent sees them: the one way from a project to values and environment.
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
        let environment = renderer.environment(&values, &|name| record.base_environment.get(name).cloned())?;
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
    if let Some((server, password)) = database.filter(|_| project.database.create && !project.database.disabled) {
        let (name, arguments, environment) = closing::process(server, record.agent, password);
        let command = std::iter::once(harness.display().to_string()).chain(arguments.map(str::to_owned)).collect();
        let process = ProcessSpec {
            command,
            working_dir: record.tree.clone(),
            environment: environment.into_iter().collect(),
            disabled: false,
            depends_on: BTreeMap::new(),
            readiness_probe: None,
            liveness_probe: None,
            ready_log_line: None,
            error_log_line: None,
            ports: Vec::new(),
            restart: RestartSpec::Always,
            max_restarts: 0,
            shutdown: StopSpec { timeout_seconds: 2.0, ..StopSpec::default() },
            watch: None,
            stdin: StdinSpec::Closed,
            tty: false,
            run_as: None,
        };
        spec.processes.insert(name.to_owned(), process);
    }
    Ok(())
}

fn database(login: &DatabaseCredentials) -> DatabaseValues {
    DatabaseValues {
        host: login.host.clone(),
        port: login.port,
        name: login.database.clone(),
        user: login.user.clone(),
        password: login.password.clone(),
        url: Secret::new(login.url()),
    }
}

fn browser(infra: &Infra) -> Option<BrowserValues> {
    infra.servers.browser.as_ref().map(|browser| {
        let (host, port) = host_and_port(&browser.http_url);
        BrowserValues {
            host,
            port,
            ws_url: Some(browser.ws_url.clone().unwrap_or_else(|| browser.cdp_url.clone())),
            cdp_url: browser.cdp_url.clone(),
            http_url: browser.http_url.clone(),
            app_host: browser.app_host.clone(),
        }
    })
}

/// Of `http://127.0.0.1:13001/`.
fn host_and_port(url: &str) -> (String, u16) {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    (host.to_owned(), port.parse().unwrap_or(80))
}
