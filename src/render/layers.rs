//! The environment of an agent, built layer by layer.

use std::path::Path;

use super::engine::Scope;
use super::environment::{Environment, base_environment};
use super::error::{RenderError, Result};
use super::renderer::Renderer;
use super::template_values::TemplateValues;
use crate::project::dotenv;

impl Renderer<'_> {
    /// The environment of an agent. `caller` gives the variables of the base; pass those of the record to
    /// get the same environment from every shell.
    pub fn environment(
        &self,
        context: &TemplateValues,
        caller: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Environment> {
        let mut environment = self.layers_below(caller)?;
        let mut scope = Scope::new(context);
        for (name, template) in &self.project().env {
            scope.set_env(&environment.all());
            let value = self.value(&format!("env.{name}"), &template.0, &scope)?;
            checked(&mut environment, name, value)?;
        }
        if let Some(id) = context.id {
            environment.set("AGENT_ID", id.to_string());
        }
        fits(&environment)?;
        Ok(environment)
    }

    /// The environment of the template's steps: the [shared](Self::shared_environment) one, and
    /// `[database.template.env]`. Its [`own`](Environment::own) part is what the steps' results may depend on.
    pub fn template_environment(
        &self,
        context: &TemplateValues,
        caller: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Environment> {
        let mut environment = self.shared_environment(context, caller)?;
        let mut scope = Scope::new(context);
        for (name, template) in &self.project().database.env {
            scope.set_env(&environment.all());
            let value = self.value(&format!("database.template.env.{name}"), &template.0, &scope)?;
            checked(&mut environment, name, value)?;
        }
        Ok(environment)
    }

    /// The environment of what is made before there is an agent: the base, the files of `env_file`, and those values of
    /// `[env]` that the context (without id) is enough for.
    pub fn shared_environment(
        &self,
        context: &TemplateValues,
        caller: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Environment> {
        let mut environment = self.layers_below(caller)?;
        let mut scope = Scope::new(context);
        for (name, template) in &self.project().env {
            scope.set_env(&environment.all());
            match self.value(&format!("env.{name}"), &template.0, &scope) {
                Ok(value) => checked(&mut environment, name, value)?,
                // it needs the agent; a name that is never defined fails when an agent is launched
                Err(RenderError::Undefined { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(environment)
    }

    /// The base and the files of `env_file`.
    pub(super) fn layers_below(&self, caller: &dyn Fn(&str) -> Option<String>) -> Result<Environment> {
        let project = self.project();
        let mut environment = Environment::from_base(base_environment(&project.pass_env, caller));
        for file in &project.env_files {
            layer(&mut environment, &project.root.join(file))?;
        }
        Ok(environment)
    }
}

/// Lays a dotenv file over the environment. It sees what lies below it, and nothing of the caller's.
fn layer(environment: &mut Environment, path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path).map_err(|source| RenderError::Read {
        key: "env.env_file",
        path: path.to_owned(),
        source,
    })?;
    let entries = dotenv::parse(&text, &|name| environment.get(name).map(str::to_owned))
        .map_err(|source| RenderError::Dotenv { path: path.to_owned(), source })?;
    for (name, value) in entries {
        checked(environment, &name, value)?;
    }
    Ok(())
}

/// `MAX_ARG_STRLEN` of Linux: `NAME=value` and its end.
const LONGEST: usize = 32 * 4096;

/// What arguments and what harness itself adds may need.
const ROOM: usize = 64 * 1024;

/// Refuses what `execve` would refuse later with no name to it: environment and arguments may take a
/// quarter of the stack's limit, and never more than 6 MiB (`execve(2)`).
fn fits(environment: &Environment) -> Result<()> {
    let stack = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
    let limit = stack.map_or(usize::MAX, |bytes| usize::try_from(bytes / 4).unwrap_or(usize::MAX)).min(6 << 20);
    let limit = limit.saturating_sub(ROOM);
    let all = environment.all();
    // each entry also costs a pointer
    let cost = |name: &str, value: &str| name.len() + value.len() + 2 + size_of::<usize>();
    let bytes = all.iter().map(|(name, value)| cost(name, value)).sum();
    if bytes <= limit {
        return Ok(());
    }
    let largest = all.iter().max_by_key(|(name, value)| cost(name, value)).map(|(name, _)| name.clone());
    Err(RenderError::LargeEnvironment { bytes, limit, largest: largest.unwrap_or_default() })
}

fn checked(environment: &mut Environment, name: &str, value: String) -> Result<()> {
    if value.contains('\0') {
        return Err(RenderError::Nul(name.to_owned()));
    }
    let bytes = name.len() + value.len() + 2;
    if bytes > LONGEST {
        return Err(RenderError::LongVariable { name: name.to_owned(), bytes, limit: LONGEST });
    }
    environment.set(name, value);
    Ok(())
}
