//! The documents of `harness config`: whether it is valid, and what it resolves to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::model::{
    Condition, DatabaseSettings, Dependency, InfraPort, InfraSettings, PortSource, PrepareStep, Probe, ProbeCheck,
    Process, Project, RenderSettings, Service, ServiceSettings, StepAction, Store, StoreStep, Template, VerifyCheck,
    VerifyCommand, VerifyStage,
};
use super::problem::{ConfigError, Problem};
use crate::report::{
    ConfigCheck, ConfigProblem, ConfigShow, DatabaseConfig, InfraConfig, InfraPortConfig, ProcessConfig, ServiceConfig,
    StageConfig, StepConfig, StoreConfig, VariableConfig, WorktreeConfig,
};

/// Whether the project of a directory can be loaded; every problem is reported.
///
/// # Errors
/// Only when there is nothing to check: no file, or none that can be read.
pub fn check(directory: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<ConfigCheck, ConfigError> {
    let (problems, warnings) = match Project::load(directory, variable) {
        Ok(project) => (Vec::new(), project.warnings),
        Err(ConfigError::Invalid { problems, .. }) => (problems, Vec::new()),
        Err(error) => return Err(error),
    };
    let root = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    Ok(ConfigCheck {
        schema: "harness/config-check/1".to_owned(),
        root: text(&root),
        valid: problems.is_empty(),
        problems: problems.into_iter().map(ConfigProblem::from).collect(),
        warnings,
    })
}

impl From<Problem> for ConfigProblem {
    fn from(problem: Problem) -> Self {
        let location = problem.location;
        Self {
            file: location.as_ref().map(|place| text(&place.file)),
            line: location.as_ref().map(|place| place.line),
            column: location.as_ref().map(|place| place.column),
            key: problem.key,
            message: problem.message,
            hint: problem.hint,
        }
    }
}

impl Project {
    /// The resolved configuration as a document. Holds no secret: see [`is_secret`].
    pub fn show(&self) -> ConfigShow {
        ConfigShow {
            schema: "harness/config-show/1".to_owned(),
            project: self.name.clone(),
            root: text(&self.root),
            files: self.files.iter().map(|file| text(file)).collect(),
            max_agents: self.max_agents,
            ports: self.ports.iter().cloned().collect(),
            infra: infra(&self.infra),
            database: database(&self.database),
            stores: self.stores.iter().map(|(name, one)| store(name, one)).collect(),
            worktree: self.worktree.as_ref().map(|worktree| WorktreeConfig {
                path: worktree.path.0.clone(),
                branch: worktree.branch.0.clone(),
                copy: worktree.copy.clone(),
                clone: worktree.clone.clone(),
                spare: worktree.spare,
            }),
            prepare: self.prepare.iter().map(prepare).collect(),
            env_file: self.env_files.iter().map(|file| text(file)).collect(),
            pass_env: self.pass_env.clone(),
            env: variables(&self.env),
            rendered: rendered(&self.render),
            launch_timeout_seconds: self.launch.timeout.as_secs_f64(),
            processes: self.processes.iter().map(|(name, process)| show_process(name, process)).collect(),
            verify: self.verify.iter().map(stage).collect(),
            warnings: self.warnings.clone(),
        }
    }
}

/// Whether a variable of this name is likely to hold a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words = ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL", "PRIVATE", "APIKEY", "API_KEY", "ACCESS_KEY"];
    words.iter().any(|word| name.contains(word)) || name.ends_with("_KEY") || name == "KEY"
}

/// A value with the user and password of any URL in it masked. Of a URL that is wrong, perhaps because its password
/// holds a `/`, everything before the last `@` is.
fn without_login(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let authority = &rest[..rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len())];
    let (at, last) = (authority.rfind('@'), rest.rfind('@'));
    // paths of web pages may hold an `@` themselves
    let is_clear = url::Url::parse(value).is_ok() && (at == last || scheme.starts_with("http"));
    let masked = match if is_clear { at } else { last } {
        Some(at) => format!("***{}", &rest[at..]),
        None => rest.to_owned(),
    };
    let masked = match masked.split_once("token=") {
        Some((before, _)) => format!("{before}token=***"),
        None => masked,
    };
    format!("{scheme}://{masked}")
}

/// The URL of a server; nothing of one that cannot be parsed, since any part of it may be the password.
fn server_url(value: &str) -> String {
    let readable = url::Url::parse(value).is_ok_and(|url| url.has_host() && !url.path().contains('@'));
    if readable { without_login(value) } else { "***".to_owned() }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn variables(variables: &[(String, Template)]) -> Vec<VariableConfig> {
    let show = |(name, template): &(String, Template)| {
        // a template shows where the secret comes from, not what it is
        let masked = is_secret(name) && !template.0.contains("{{") && !template.0.is_empty();
        let value = if masked { "***".to_owned() } else { without_login(&template.0) };
        VariableConfig { name: name.clone(), value }
    };
    variables.iter().map(show).collect()
}

fn infra(infra: &InfraSettings) -> InfraConfig {
    let service = |service: &ServiceSettings| ServiceConfig {
        image: service.image.clone(),
        memory_bytes: service.memory,
        disabled: service.disabled,
        url: service.url.as_deref().map(server_url),
    };
    InfraConfig {
        engine: infra.engine,
        compose_project: infra.compose_project.clone(),
        compose: infra.compose.as_deref().map(text),
        durability: infra.postgres.durability,
        browser_token: infra.browser_token,
        ports: InfraPort::ALL
            .into_iter()
            .zip(&infra.port_sources)
            .map(|(port, source)| InfraPortConfig {
                name: port.name().to_owned(),
                port: infra.ports.get(port),
                variable: port.variable().to_owned(),
                source: match source {
                    PortSource::Environment(_) => "environment".to_owned(),
                    PortSource::File(_, path) | PortSource::Configuration(path) => text(path),
                    PortSource::Default => "default".to_owned(),
                },
            })
            .collect(),
        services: Service::ALL.map(|kind| (kind.table().to_owned(), service(infra.service(kind)))).into(),
    }
}

fn database(database: &DatabaseSettings) -> DatabaseConfig {
    DatabaseConfig {
        disabled: database.disabled,
        extensions: database.extensions.clone(),
        create: database.create,
        replication: database.replication,
        roles: database.roles.clone(),
        steps: database
            .steps
            .iter()
            .map(|step| StepConfig {
                name: Some(step.name.clone()),
                inputs: step.inputs.clone(),
                incremental: step.incremental,
                admin: step.admin,
                timeout_seconds: step.timeout.as_secs_f64(),
                ..action(&step.action, step.working_dir.as_ref())
            })
            .collect(),
        env: variables(&database.env),
        post_clone: database
            .post_clone
            .iter()
            .map(|entry| StepConfig {
                timeout_seconds: entry.timeout.as_secs_f64(),
                ..action(&entry.action, entry.working_dir.as_ref())
            })
            .collect(),
    }
}

fn action(action: &StepAction, working_dir: Option<&PathBuf>) -> StepConfig {
    let (run, sql) = match action {
        StepAction::Run(command) => (Some(command.clone()), None),
        StepAction::Sql(file) => (None, Some(text(file))),
    };
    StepConfig {
        name: None,
        run,
        sql,
        inputs: Vec::new(),
        outputs: Vec::new(),
        incremental: false,
        admin: false,
        working_dir: working_dir.map(|directory| text(directory)),
        timeout_seconds: 0.0,
    }
}

fn prepare(step: &PrepareStep) -> StepConfig {
    StepConfig {
        name: Some(step.name.clone()),
        inputs: step.inputs.clone(),
        outputs: step.outputs.clone(),
        timeout_seconds: step.timeout.as_secs_f64(),
        ..action(&StepAction::Run(step.run.0.clone()), step.working_dir.as_ref())
    }
}

fn store(name: &str, store: &Store) -> StoreConfig {
    let step = |step: &StoreStep| StepConfig {
        name: Some(step.name.clone()),
        inputs: step.inputs.clone(),
        timeout_seconds: step.timeout.as_secs_f64(),
        ..action(&StepAction::Run(step.run.0.clone()), step.working_dir.as_ref())
    };
    StoreConfig {
        name: name.to_owned(),
        serves: store.serves.name().to_owned(),
        image: store.container.as_ref().map(|container| container.image.clone()),
        init: store.init.as_ref().map(|init| init.0.clone()),
        steps: store.steps.iter().map(step).collect(),
    }
}

fn rendered(render: &RenderSettings) -> BTreeMap<String, Option<String>> {
    let env_file = (render.env_file.0.clone(), render.env_template.as_deref().map(text));
    let processes = ("processes.toml".to_owned(), render.processes_template.as_deref().map(text));
    let files = render.files.iter().map(|(template, target)| (target.0.clone(), Some(text(template))));
    [env_file, processes].into_iter().chain(files).collect()
}

fn show_process(name: &str, process: &Process) -> ProcessConfig {
    let condition = |condition| match condition {
        Condition::Started => "process_started",
        Condition::Healthy => "process_healthy",
        Condition::LogReady => "process_log_ready",
        Condition::CompletedSuccessfully => "process_completed_successfully",
    };
    let dependency = |one: &Dependency| (one.process.clone(), condition(one.condition).to_owned());
    let log_line = process.ready_log_line.as_ref().map(|pattern| format!("log line {pattern}"));
    ProcessConfig {
        name: name.to_owned(),
        command: process.command.0.clone(),
        working_dir: process.working_dir.as_ref().map(|directory| directory.0.clone()),
        disabled: process.disabled.0.clone(),
        port: process.port.as_ref().map(|port| port.0.clone()),
        depends_on: process.depends_on.iter().map(dependency).collect(),
        ready: process.readiness_probe.as_ref().map(probe).or(log_line),
        alive: process.liveness_probe.as_ref().map(probe),
        restart: process.restart,
        environment: variables(&process.environment),
    }
}

fn probe(probe: &Probe) -> String {
    match &probe.check {
        ProbeCheck::Http { host, port, path } => http(host.as_ref(), port, path),
        ProbeCheck::Tcp { host, port } => format!("tcp_connect {}:{}", host_name(host.as_ref()), port.0),
        ProbeCheck::Exec(command) => format!("exec {}", command.0),
        ProbeCheck::Exchange { port, send, .. } => format!("{} localhost:{}", send.trim(), port.0),
    }
}

fn http(host: Option<&Template>, port: &Template, path: &Template) -> String {
    format!("http_get {}:{}{}", host_name(host), port.0, path.0)
}

fn host_name(host: Option<&Template>) -> &str {
    host.map_or("localhost", |host| host.0.as_str())
}

fn stage(stage: &VerifyStage) -> StageConfig {
    let command = |command: &VerifyCommand| match &command.check {
        VerifyCheck::Run(run) => run.0.clone(),
        VerifyCheck::Http { host, port, path } => http(host.as_ref(), port, path),
    };
    StageConfig {
        name: stage.name.clone(),
        full: stage.full,
        needs_stack: stage.needs_stack,
        timeout_seconds: stage.timeout.as_secs_f64(),
        commands: stage.commands.iter().map(|one| (one.name.clone(), command(one))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised_by_name_and_in_urls() {
        for name in ["LIGHTDASH_SECRET", "PGPASSWORD", "GITHUB_TOKEN", "S3_SECRET_KEY", "api_key", "STRIPE_KEY"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PORT", "KEYBOARD", "MONKEY", "DATABASE_URL"] {
            assert!(!is_secret(name), "{name}");
        }
        assert_eq!(without_login("postgres://me:pw@host:5432/db"), "postgres://***@host:5432/db");
        assert_eq!(without_login("http://host/a@b"), "http://host/a@b");
        assert_eq!(without_login("ws://host:3000?token=abc"), "ws://host:3000?token=***");
        assert_eq!(without_login("a:b@c"), "a:b@c");
        assert_eq!(without_login("postgres://me:p/w@host/db"), "postgres://***@host/db");
        assert_eq!(without_login("postgres://me:p?w#x@host"), "postgres://***@host");
        assert_eq!(without_login("{{ scheme }}://me:p/w@{{ host }}"), "{{ scheme }}://***@{{ host }}");
        assert_eq!(server_url("postgres://me:pw@host:5432/db"), "postgres://***@host:5432/db");
        for wrong in ["postgres:/me:pw@host", "me:pw@host", "postgres://me:p/w@host", "https://key:12/w@host", "pw"] {
            assert_eq!(server_url(wrong), "***", "{wrong}");
        }
    }
}
