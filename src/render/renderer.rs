//! Evaluates the templates of one project.

use std::path::{Path, PathBuf};

use super::engine::{Engine, Scope};
use super::environment::Environment;
use super::error::{Origin, RenderError, Result};
use super::template_values::TemplateValues;
use crate::project::{Location, Project, Template};

/// Evaluates the templates of one project, as seen from one tree.
pub struct Renderer<'p> {
    project: &'p Project,
    engine: Engine,
}

impl<'p> Renderer<'p> {
    /// A renderer for a project; its `root` is the tree that relative paths start at.
    pub fn new(project: &'p Project) -> Self {
        Self { project, engine: Engine::new() }
    }

    /// The project.
    pub fn project(&self) -> &'p Project {
        self.project
    }

    /// Evaluates any value of `harness.toml`; `key` is its path, for messages: `worktree.path`.
    pub fn text(&self, key: &str, template: &Template, context: &TemplateValues, env: &Environment) -> Result<String> {
        self.value(key, &template.0, &scope(context, env))
    }

    /// Where the agent's work tree goes; `None` when the project has no `[worktree]`. `~` is `user_home`.
    pub fn worktree_path(&self, context: &TemplateValues, user_home: Option<&Path>) -> Result<Option<PathBuf>> {
        let Some(worktree) = &self.project.worktree else { return Ok(None) };
        let text = self.value("worktree.path", &worktree.path.0, &Scope::new(context))?;
        let path = match (text.strip_prefix("~/"), user_home) {
            (Some(below), Some(home)) => home.join(below),
            _ => context.project_root.join(&text),
        };
        Ok(Some(path))
    }

    /// The agent's branch; `None` when the project has no `[worktree]`.
    pub fn worktree_branch(&self, context: &TemplateValues) -> Result<Option<String>> {
        let Some(worktree) = &self.project.worktree else { return Ok(None) };
        self.value("worktree.branch", &worktree.branch.0, &Scope::new(context)).map(Some)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn value(&self, key: &str, text: &str, scope: &Scope) -> Result<String> {
        self.engine.value(text, scope, || self.origin(key))
    }

    pub(super) fn port_value(&self, key: &str, template: &Template, scope: &Scope) -> Result<u16> {
        let value = self.value(key, &template.0, scope)?;
        let port = value.trim().parse::<u16>().ok().filter(|port| *port > 0);
        port.ok_or_else(|| RenderError::Value { origin: self.origin(key), value, expected: "a port" })
    }

    /// A key of `harness.toml`, found again for the message.
    pub(super) fn origin(&self, key: &str) -> Origin {
        Origin { location: self.project.locate(key), name: key.to_owned() }
    }
}

/// What a template sees once the environment is known.
pub(super) fn scope(context: &TemplateValues, env: &Environment) -> Scope {
    let mut scope = Scope::new(context);
    scope.set_env(&env.all());
    scope
}

/// A template's file; the line is filled in by what goes wrong.
pub(super) fn file_origin(path: &Path) -> Origin {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Origin { location: Some(Location { file: path.to_owned(), line: 1, column: 0 }), name }
}
