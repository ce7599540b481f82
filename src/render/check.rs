//! `harness config check`: the shape of the file, and every template in it tried out for one agent.

use std::path::Path;

use super::environment::Environment;
use super::error::{RenderError, Result};
use super::renderer::{Renderer, scope};
use super::steps;
use super::template_values::TemplateValues;
use crate::project::{self, AgentId, ConfigError, Problem, Project, StepAction, VerifyCheck};
use crate::report::{ConfigCheck, Diagnostic};

/// Checks the project of a directory: that it can be loaded, and that everything in it can be rendered.
/// Every problem is reported, not the first alone. Nothing is run or written.
///
/// # Errors
/// Only when there is nothing to check: no file, or none that can be read.
pub fn check(
    directory: &Path,
    caller: &dyn Fn(&str) -> Option<String>,
    samples: impl FnOnce(&Project) -> Samples,
) -> Result<ConfigCheck, ConfigError> {
    let mut document = project::check(directory, caller)?;
    if document.valid {
        let project = Project::load(directory, caller)?;
        let samples = samples(&project);
        document.warnings.extend(samples.missing.iter().cloned());
        let mut problems = Trial::new(&project, samples).run(caller);
        problems.extend(steps::missing_files(&project));
        document.warnings.extend(steps::warnings(&project));
        document.valid = problems.is_empty();
        document.problems = problems.into_iter().map(Into::into).collect();
    }
    Ok(document)
}

/// Values to try templates with. Every server that the project does not disable has some.
pub struct Samples {
    /// What agent 1 would see.
    pub agent: TemplateValues,
    /// What is seen where something is made for all agents.
    pub shared: TemplateValues,
    /// What this machine lacks, one line each.
    pub missing: Vec<String>,
}

/// Renders everything, and keeps what fails.
struct Trial<'p> {
    renderer: Renderer<'p>,
    context: TemplateValues,
    shared: TemplateValues,
    environment: Environment,
    /// That of the template's steps, once it is known to be right.
    step_environment: Option<Environment>,
    problems: Vec<Problem>,
}

impl<'p> Trial<'p> {
    fn new(project: &'p Project, samples: Samples) -> Self {
        Self {
            renderer: Renderer::new(project),
            context: samples.agent,
            shared: samples.shared,
            environment: Environment::default(),
            step_environment: None,
            problems: Vec::new(),
        }
    }

    fn run(mut self, caller: &dyn Fn(&str) -> Option<String>) -> Vec<Problem> {
        self.environment(caller);
        self.texts();
        let (context, environment) = (self.context.clone(), self.environment.clone());
        let file = self.renderer.env_file(&context, &environment);
        self.keep(file);
        let files = self.renderer.files(&context, &environment);
        self.keep(files);
        let stack = self.renderer.stack_spec(&context, "000000000000", &environment, &[]);
        self.keep(stack);
        self.problems
    }

    /// Each variable by itself, so that one that fails hides no other.
    fn environment(&mut self, caller: &dyn Fn(&str) -> Option<String>) {
        let project = self.renderer.project();
        let below = self.renderer.layers_below(caller);
        self.environment = self.keep(below).unwrap_or_default();
        for (name, template) in &project.env {
            let value = self.renderer.text(&format!("env.{name}"), template, &self.context, &self.environment);
            let value = self.keep(value).unwrap_or_default();
            self.environment.set(name, value);
        }
        self.environment.set("AGENT_ID", "1");
        // what fails here and needs no agent fails above as well
        if self.problems.is_empty() {
            let template = self.renderer.template_environment(&self.shared, caller);
            self.step_environment = self.keep(template);
        }
    }

    /// The values that belong to no file.
    fn texts(&mut self) {
        let project = self.renderer.project();
        let path = self.renderer.worktree_path(&self.context, None);
        let path = self.keep(path).flatten();
        self.own_tree(path.as_deref());
        self.template_steps();
        self.stores();
        let branch = self.renderer.worktree_branch(&self.context);
        self.keep(branch);
        let scope = scope(&self.context, &self.environment);
        let mut texts: Vec<(String, &str)> = Vec::new();
        for (index, step) in project.prepare.iter().enumerate() {
            texts.push((format!("prepare.steps[{index}].run"), &step.run.0));
        }
        for (index, entry) in project.database.post_clone.iter().enumerate() {
            if let StepAction::Run(run) = &entry.action {
                texts.push((format!("database.post_clone[{index}]"), run));
            }
        }
        for (index, stage) in project.verify.iter().enumerate() {
            for (number, command) in stage.commands.iter().enumerate() {
                let key = format!("verify.stages[{index}].commands[{number}]");
                match &command.check {
                    VerifyCheck::Run(run) => texts.push((format!("{key}.run"), &run.0)),
                    VerifyCheck::Http { path, port, .. } => {
                        texts.push((format!("{key}.http_get.path"), &path.0));
                        let port = self.renderer.port_value(&format!("{key}.http_get.port"), port, &scope);
                        self.keep(port);
                    }
                }
                for (name, value) in &command.environment {
                    texts.push((format!("{key}.environment.{name}"), &value.0));
                }
            }
        }
        for (key, text) in texts {
            let rendered = self.renderer.value(&key, text, &scope);
            self.keep(rendered);
        }
    }

    /// A work tree is one agent's: a second launch would refuse what the first has.
    fn own_tree(&mut self, path: Option<&Path>) {
        let project = self.renderer.project();
        let (Some(path), Ok(second)) = (path, AgentId::try_from(2)) else { return };
        let ports = project.ports_of(second).into_iter().collect();
        let values = TemplateValues { id: Some(second), ports, ..self.context.clone() };
        let other = self.renderer.worktree_path(&values, None);
        if project.allows(second) && other.is_ok_and(|other| other.as_deref() == Some(path)) {
            let origin = self.renderer.origin("worktree.path");
            self.problems.push(Problem {
                location: origin.location,
                key: origin.name,
                message: "`worktree.path` is the same for every agent".to_owned(),
                hint: Some("add `{{ id }}` to it, so that each agent gets its own work tree".to_owned()),
            });
        }
    }

    /// The commands of `[database.template]`, which are run without an agent.
    fn template_steps(&mut self) {
        let project = self.renderer.project();
        let Some(environment) = self.step_environment.take() else { return };
        let scope = scope(&self.shared, &environment);
        for (index, step) in project.database.steps.iter().enumerate() {
            if let StepAction::Run(run) = &step.action {
                let rendered = self.renderer.value(&format!("database.template.steps[{index}].run"), run, &scope);
                self.keep(rendered);
            }
        }
    }

    /// What makes the templates of stores, which see the store that is built and no agent.
    fn stores(&mut self) {
        let project = self.renderer.project();
        for (name, store) in &project.stores {
            let mut values = self.shared.clone();
            values.stores = self.context.stores.clone().into_iter().filter(|(known, _)| known == name).collect();
            let scope = scope(&values, &self.environment);
            let mut texts: Vec<(String, &str)> = Vec::new();
            texts.extend(store.init.iter().map(|init| (format!("stores.{name}.init"), init.0.as_str())));
            let steps = store.steps.iter().enumerate();
            texts
                .extend(steps.map(|(n, step)| (format!("stores.{name}.template.steps[{n}].run"), step.run.0.as_str())));
            for (key, text) in texts {
                let rendered = self.renderer.value(&key, text, &scope);
                self.keep(rendered);
            }
        }
    }

    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let problem = problem(&error);
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                None
            }
        }
    }
}

fn problem(error: &RenderError) -> Problem {
    let origin = error.origin();
    let location = origin.and_then(|origin| origin.location.clone());
    let mut message = error.to_string();
    if let Some(rest) = location.as_ref().and_then(|place| message.strip_prefix(&format!("{place}: "))) {
        message = rest.to_string();
    }
    if let Some(source) = std::error::Error::source(error) {
        message = format!("{message}: {source}");
    }
    Problem { location, key: origin.map(|origin| origin.name.clone()).unwrap_or_default(), message, hint: error.hint() }
}
