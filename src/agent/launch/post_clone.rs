//! `post_clone`: the project's commands in each fresh clone, and a search for what they missed.

use std::path::Path;

use crate::agent::template_values::Rendering;
use crate::agent::{Context, Error};
use crate::postgres::{self, DatabaseCredentials, LeftoverReferences, Server, Step};
use crate::project::{AgentId, Project, StepAction, Template};
use crate::report::Failure;

/// Where to run it.
pub(in crate::agent) struct PostClone<'a> {
    pub(in crate::agent) context: &'a Context,
    pub(in crate::agent) project: &'a Project,
    pub(in crate::agent) agent: AgentId,
    pub(in crate::agent) tree: &'a Path,
    pub(in crate::agent) server: &'a Server,
    pub(in crate::agent) login: &'a DatabaseCredentials,
    /// Where the template names itself.
    pub(in crate::agent) leftover_references: &'a LeftoverReferences,
}

impl PostClone<'_> {
    /// Runs each command with the agent's own environment; warns of columns that still name the template.
    ///
    /// # Errors
    /// A command failed.
    pub(in crate::agent) async fn run(&self, rendering: &Rendering<'_>) -> Result<(), Failure> {
        let (events, subject) = (&self.context.events, format!("agent {}", self.agent));
        for (number, entry) in self.project.database.post_clone.iter().enumerate() {
            let name = format!("post_clone {}", number + 1);
            let action = match &entry.action {
                StepAction::Run(command) => {
                    StepAction::Run(rendering.text(&format!("database.{name}"), &Template(command.clone()))?)
                }
                sql @ StepAction::Sql(_) => sql.clone(),
            };
            let task = events.task(subject.clone(), name.clone());
            let step = Step {
                name: &name,
                action: &action,
                tree: self.tree,
                working_dir: entry.working_dir.as_deref().map(Path::new),
                environment: rendering.environment.all().into_iter().collect(),
                login: self.login,
                timeout: entry.timeout,
            };
            postgres::run_step(&step, &task).await.map_err(Error::PostClone)?;
            task.finish();
        }
        for place in self.leftover_references.remaining(self.server, self.login).await? {
            let text = format!(
                "column {place} still contains the name of the template's database; rewrite it in `post_clone`"
            );
            events.warning(subject.clone(), text);
        }
        Ok(())
    }
}
