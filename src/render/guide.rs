//! The agent guide: `CLAUDE.agent.md`, with the agent's own values.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::Value;

use super::context::Context;
use super::environment::Environment;
use super::error::Result;
use super::files::RenderedFile;
use super::renderer::{Renderer, file_origin, scope};

/// The guide's template.
const GUIDE: &str = include_str!("../../CLAUDE.agent.md");

impl Renderer<'_> {
    /// The guide of an agent; `urls` are those of its ports that speak HTTP. It goes into the agent's tree
    /// as `CLAUDE.agent.md`, or, where agents share the project's root, as `CLAUDE.agent.<id>.md`.
    pub fn guide(&self, context: &Context, env: &Environment, urls: &BTreeMap<String, String>) -> Result<RenderedFile> {
        let mut scope = scope(context, env);
        let file = self.env_file(context, env)?.path;
        let tree = &self.project().root;
        let relative = file.strip_prefix(tree).unwrap_or(&file);
        scope.set("env_file", Value::from(relative.to_string_lossy().into_owned()));
        scope.set("urls", Value::from_pairs(urls.iter().map(|(name, url)| (name.as_str(), url.as_str()))));
        let processes: Vec<&str> = self.project().processes.iter().map(|(name, _)| name.as_str()).collect();
        scope.set("process", Value::from(processes.first().copied().unwrap_or("api")));
        scope.set("processes", processes.into_iter().collect());
        let stages = &self.project().verify;
        scope.set("stages", stages.iter().map(|stage| stage.name.as_str()).collect());
        for absent in ["database", "s3", "mail", "browser"] {
            scope.set_absent(absent);
        }
        let text = self.engine().file(GUIDE, &scope, || file_origin(Path::new("CLAUDE.agent.md")))?;
        let own_tree = context.worktree.as_ref().is_some_and(|tree| *tree != context.project_root);
        let name = match context.id {
            Some(id) if !own_tree => format!("CLAUDE.agent.{id}.md"),
            _ => "CLAUDE.agent.md".to_owned(),
        };
        Ok(RenderedFile { path: tree.join(name), text })
    }
}
