//! What a project's template is made from, rendered without an agent.

use std::path::Path;

use crate::agent::{Context, client_programs, template_values};
use crate::infra::Infra;
use crate::postgres::{Server, TemplatePlan};
use crate::project::{DatabaseSettings, Project, StepAction, Template};
use crate::render::{self, Renderer};
use crate::report::Failure;
use crate::system;
use crate::system::loopback_map::{LoopbackMap, MAPPED};

/// The rendered environments of template steps.
#[derive(Debug)]
pub(in crate::agent) struct TemplateInputs {
    environment: Vec<(String, String)>,
    base_environment: Vec<(String, String)>,
    /// `[database]`, the commands of its steps rendered.
    settings: DatabaseSettings,
}

impl TemplateInputs {
    /// Renders them: `[database.template.env]`, those `[env]` values that need no agent, and the commands of
    /// the steps, in which `database` is the one being built.
    pub(in crate::agent) fn of(
        context: &Context,
        project: &Project,
        renderer: &Renderer<'_>,
        infra: &Infra,
        server: &Server,
    ) -> Result<Self, Failure> {
        let values = template_values::shared(context, project, infra, Some(&TemplatePlan::placeholders(server)));
        let caller = |name: &str| context.variable(name);
        let environment = renderer.template_environment(&values, &caller)?;
        let mut base_environment = render::base_environment(&project.pass_env, &caller);
        for (_, path) in base_environment.iter_mut().filter(|(name, _)| name == "PATH") {
            if let Some(fitting) = client_programs::first_on_path(infra, path) {
                *path = fitting;
            }
        }
        let ports = renderer.shared_network_map(&values, &environment)?;
        if !ports.is_empty() {
            let stack = system::marker_value(context.home.id(), "template");
            base_environment.push((MAPPED.to_owned(), LoopbackMap { ports, stack }.to_string()));
        }
        let mut settings = project.database.clone();
        for (index, step) in settings.steps.iter_mut().enumerate() {
            if let StepAction::Run(command) = &mut step.action {
                let key = format!("database.template.steps[{index}].run");
                *command = renderer.text(&key, &Template(command.clone()), &values, &environment)?;
            }
        }
        Ok(Self { environment: environment.own().to_vec(), base_environment, settings })
    }

    /// The plan of the template that `tree` asks for.
    pub(in crate::agent) fn plan<'a>(
        &'a self,
        context: &'a Context,
        project: &'a Project,
        tree: &'a Path,
    ) -> TemplatePlan<'a> {
        TemplatePlan {
            settings: &self.settings,
            tree,
            environment: self.environment.clone(),
            base_environment: self.base_environment.clone(),
            home_id: context.home.id(),
            project: &project.name,
        }
    }
}
