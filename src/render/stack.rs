//! The process config of an agent: every template of `[processes]` evaluated, laid out by
//! `templates/processes.toml.j2` or the project's own, and read back into what the supervisor takes.
//!
//! It is rendered to text and parsed again, not passed on as it is, because the text is what a project
//! may change and what a person may read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minijinja::Value;
use minijinja::value::Serde;

use super::argv::argv;
use super::engine::Scope;
use super::environment::Environment;
use super::error::{RenderError, Result};
use super::renderer::{Renderer, file_origin, scope};
use super::template_values::TemplateValues;
use crate::project::{Condition, Probe, ProbeCheck, Process, RestartPolicy, Stdin, nearest};
use crate::supervisor::{
    ConditionSpec, DependencySpec, ProbeCheckSpec, ProbeSpec, ProcessSpec, RestartSpec, StackSpec, StdinSpec, StopSpec,
    WatchSpec,
};

/// The template of the process config.
pub(super) const PROCESSES_TEMPLATE: &str = include_str!("../../templates/processes.toml.j2");

impl Renderer<'_> {
    /// Refuses names that no process has.
    pub fn check_names(&self, names: &[String]) -> Result<()> {
        let known = || self.project().processes.iter().map(|(known, _)| known.as_str());
        match names.iter().find(|name| !known().any(|known| known == *name)) {
            Some(unknown) => {
                let all = known().collect::<Vec<_>>().join(", ");
                let hint = match nearest(unknown, known()) {
                    Some(name) => format!("did you mean `{name}`? There are: {all}"),
                    None if all.is_empty() => "harness.toml has no [processes]".to_owned(),
                    None => format!("there are: {all}"),
                };
                Err(RenderError::UnknownProcess { name: unknown.clone(), hint })
            }
            None => Ok(()),
        }
    }

    /// The process config of an agent. `with` names disabled processes to enable; one that does not exist
    /// enables nothing.
    pub fn stack_spec(
        &self,
        context: &TemplateValues,
        home_id: &str,
        env: &Environment,
        with: &[String],
    ) -> Result<StackSpec> {
        let project = self.project();
        let mut scope = scope(context, env);
        let mut processes = BTreeMap::new();
        for (name, process) in &project.processes {
            let mut spec = self.process(name, process, env, &scope, context)?;
            spec.disabled &= !with.contains(name);
            processes.insert(name.clone(), spec);
        }
        let stack = context.id.map_or_else(|| "agent".to_owned(), |id| id.stack().to_string());
        let (home_id, environment) = (home_id.to_owned(), env.all());
        let network_map = self.network_map(context, env)?;
        let idle = project.launch.idle.map(|idle| idle.as_secs_f64());
        let evaluated =
            StackSpec { version: 1, stack, home_id, network_map, environment, database: None, idle, processes };
        scope.set("stack", Value::from(Serde(&evaluated)));
        let (text, template) = match &project.render.processes_template {
            None => {
                let template = "templates/processes.toml.j2";
                let text = self.engine().file(PROCESSES_TEMPLATE, &scope, || file_origin(Path::new(template)))?;
                (text, template.to_owned())
            }
            Some(file) => (self.template_file("render.processes_template", file, &scope)?, file.display().to_string()),
        };
        let spec: StackSpec = toml::from_str(&text).map_err(|mut source| {
            let line = source.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            source.set_input(None);
            RenderError::Spec { template, line, source }
        })?;
        // whose stack it is, which ports it has, and to which database it leads, is not for a template to say
        let StackSpec { stack, home_id, network_map, .. } = evaluated;
        Ok(StackSpec { version: 1, stack, home_id, network_map, database: None, idle, ..spec })
    }

    /// The server of a store by itself, as it runs while its template is built.
    pub fn store_process(
        &self,
        name: &str,
        process: &Process,
        context: &TemplateValues,
        env: &Environment,
    ) -> Result<ProcessSpec> {
        self.process(name, process, env, &scope(context, env), context)
    }

    fn process(
        &self,
        name: &str,
        process: &Process,
        env: &Environment,
        shared: &Scope,
        context: &TemplateValues,
    ) -> Result<ProcessSpec> {
        let key = |key: &str| format!("processes.{name}.{key}");
        let mut scope = shared.clone();
        let mut environment = BTreeMap::new();
        for (variable, template) in &process.environment {
            let value = self.value(&key(&format!("environment.{variable}")), &template.0, &scope)?;
            environment.insert(variable.clone(), value);
            let mut all = env.all();
            all.extend(environment.clone());
            scope.set_env(&all);
        }
        let text = |at: &str, text: &str| self.value(&key(at), text, &scope);
        let tree = context.worktree.as_ref().unwrap_or(&self.project().root);
        let working_dir = match &process.working_dir {
            Some(directory) => tree.join(text("working_dir", &directory.0)?),
            None => tree.clone(),
        };
        // first what is written: a wrong port that only the probe names is the probe's
        let probe = || self.probe(&key("readiness_probe"), process.readiness_probe.as_ref(), &scope);
        let probed = if process.port_is_probes { Some(probe()?) } else { None };
        let port = process.port.as_ref().map(|port| self.port_value(&key("port"), port, &scope)).transpose()?;
        Ok(ProcessSpec {
            command: argv(&text("command", &process.command.0)?),
            disabled: self.flag(&key("disabled"), &process.disabled.0, &scope)?,
            depends_on: process.depends_on.iter().map(dependency).collect(),
            readiness_probe: probed.map_or_else(probe, Ok)?,
            liveness_probe: self.probe(&key("liveness_probe"), process.liveness_probe.as_ref(), &scope)?,
            ready_log_line: process.ready_log_line.clone(),
            error_log_line: process.error_log_line.clone(),
            ports: port.into_iter().collect(),
            restart: match process.restart {
                RestartPolicy::No => RestartSpec::No,
                RestartPolicy::OnFailure => RestartSpec::OnFailure,
                RestartPolicy::Always => RestartSpec::Always,
            },
            max_restarts: process.max_restarts,
            shutdown: StopSpec {
                signal: process.stop_signal.clone(),
                timeout_seconds: process.stop_timeout.as_secs_f64(),
            },
            watch: process.watch.as_ref().map(|watch| WatchSpec {
                paths: watch.paths.iter().map(|path| joined(&working_dir, path)).collect(),
                ignore: watch.ignore.clone(),
                debounce_seconds: watch.debounce.as_secs_f64(),
            }),
            stdin: match process.stdin {
                Stdin::Closed => StdinSpec::Closed,
                Stdin::Open => StdinSpec::Open,
            },
            tty: process.tty,
            run_as: None,
            session: None,
            working_dir,
            environment,
        })
    }

    fn flag(&self, key: &str, text: &str, scope: &Scope) -> Result<bool> {
        let value = self.value(key, text, scope)?;
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" | "" => Ok(false),
            _ => Err(RenderError::Value { origin: self.origin(key), value, expected: "`true` or `false`" }),
        }
    }

    fn probe(&self, key: &str, probe: Option<&Probe>, scope: &Scope) -> Result<Option<ProbeSpec>> {
        let Some(probe) = probe else { return Ok(None) };
        let host = |kind: &str, host: &Option<crate::project::Template>| {
            host.as_ref().map(|host| self.value(&format!("{key}.{kind}.host"), &host.0, scope)).transpose()
        };
        let check = match &probe.check {
            ProbeCheck::Http { host: name, port, path } => ProbeCheckSpec::HttpGet {
                host: host("http_get", name)?,
                port: self.port_value(&format!("{key}.http_get.port"), port, scope)?,
                path: rooted(self.value(&format!("{key}.http_get.path"), &path.0, scope)?),
            },
            ProbeCheck::Tcp { host: name, port } => ProbeCheckSpec::TcpConnect {
                host: host("tcp_connect", name)?,
                port: self.port_value(&format!("{key}.tcp_connect.port"), port, scope)?,
            },
            ProbeCheck::Exec(command) => {
                ProbeCheckSpec::Exec { command: argv(&self.value(&format!("{key}.exec.command"), &command.0, scope)?) }
            }
            ProbeCheck::Exchange { port, send, expect } => ProbeCheckSpec::Exchange {
                port: self.port_value(key, port, scope)?,
                send: send.as_bytes().to_vec(),
                expect: vec![(*expect).to_owned()],
            },
        };
        let seconds = |duration: Duration| duration.as_secs_f64();
        Ok(Some(ProbeSpec {
            check,
            initial_delay_seconds: seconds(probe.initial_delay),
            period_seconds: seconds(probe.period),
            timeout_seconds: seconds(probe.timeout),
            success_threshold: probe.success_threshold,
            failure_threshold: probe.failure_threshold,
        }))
    }
}

fn dependency(dependency: &crate::project::Dependency) -> (String, DependencySpec) {
    let condition = match dependency.condition {
        Condition::Started => ConditionSpec::ProcessStarted,
        Condition::Healthy => ConditionSpec::ProcessHealthy,
        Condition::LogReady => ConditionSpec::ProcessLogReady,
        Condition::CompletedSuccessfully => ConditionSpec::ProcessCompletedSuccessfully,
    };
    (dependency.process.clone(), DependencySpec { condition, restart: dependency.restart })
}

/// `health` and `/health` are the same page.
fn rooted(path: String) -> String {
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// `.` and `./src` without the dot, so that paths of events compare equal.
fn joined(directory: &Path, path: &str) -> PathBuf {
    directory.join(path).components().collect()
}
