//! The files that are rendered for an agent: its env file, and what `[render] files` asks for.

use std::path::{Component, Path, PathBuf};

use minijinja::Value;

use super::environment::Environment;
use super::error::{RenderError, Result};
use super::git::{keep_out_of_git, tracked};
use super::renderer::{Renderer, file_origin, scope};
use super::template_values::TemplateValues;
use crate::project::{AgentId, dotenv};
use crate::system::write_atomic;

/// The template of the env file.
pub(super) const ENV_TEMPLATE: &str = include_str!("../../templates/env.j2");

/// A file, ready to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Where it goes, absolute.
    pub path: PathBuf,
    /// What it says. May hold secrets.
    pub text: String,
}

impl std::fmt::Debug for RenderedFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RenderedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl RenderedFile {
    /// Writes it with mode 0600 and keeps it out of git. Says whether anything was written: a file that
    /// is as it should be is left alone.
    pub fn write(&self) -> Result<bool> {
        if self.is_as_it_should_be() {
            return Ok(false);
        }
        if let Some(directory) = self.path.parent() {
            std::fs::create_dir_all(directory).map_err(crate::system::Error::file("create", directory))?;
        }
        // before it exists, so that no `git add` can catch it
        keep_out_of_git(&self.path)?;
        write_atomic(&self.path, self.text.as_bytes(), 0o600)?;
        Ok(true)
    }

    /// Whether exactly this is there, and private.
    pub(super) fn is_as_it_should_be(&self) -> bool {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o600);
        private && std::fs::read(&self.path).is_ok_and(|bytes| bytes == self.text.as_bytes())
    }
}

impl Renderer<'_> {
    /// The agent's env file.
    pub fn env_file(&self, context: &TemplateValues, env: &Environment) -> Result<RenderedFile> {
        let mut scope = scope(context, env);
        let settings = &self.project().render;
        let path = self.target("render.env_file", &settings.env_file.0, &scope)?;
        let entry = |(name, value): &(String, String)| vec![Value::from(name.as_str()), Value::from(value.as_str())];
        scope.set("entries", env.own().iter().map(entry).collect());
        let text = match &settings.env_template {
            None => self.engine().file(ENV_TEMPLATE, &scope, || file_origin(Path::new("templates/env.j2")))?,
            Some(file) => {
                let text = self.template_file("render.env_template", file, &scope)?;
                agrees(&self.project().root.join(file), &text, env)?;
                text
            }
        };
        Ok(RenderedFile { path, text })
    }

    /// The further files of `[render] files`.
    pub fn files(&self, context: &TemplateValues, env: &Environment) -> Result<Vec<RenderedFile>> {
        let scope = scope(context, env);
        let files = self.project().render.files.iter().enumerate();
        files
            .map(|(index, (template, target))| {
                Ok(RenderedFile {
                    path: self.target(&format!("render.files[{index}].target"), &target.0, &scope)?,
                    text: self.template_file("render.files", template, &scope)?,
                })
            })
            .collect()
    }

    /// Where all of these go: the env file first.
    pub fn targets(&self, context: &TemplateValues, env: &Environment) -> Result<Vec<PathBuf>> {
        let scope = scope(context, env);
        let settings = &self.project().render;
        let files = settings.files.iter().enumerate();
        let files = files.map(|(index, (_, target))| (format!("render.files[{index}].target"), target));
        let all = std::iter::once(("render.env_file".to_owned(), &settings.env_file)).chain(files);
        all.map(|(key, target)| self.target(&key, &target.0, &scope)).collect()
    }

    /// Refuses targets that are not harness's to write: what git tracks, and what is there although neither
    /// `known`, that which was rendered for the agent before, nor its own first line says that harness
    /// wrote it.
    pub fn check_targets(&self, context: &TemplateValues, paths: &[PathBuf], known: &[PathBuf]) -> Result<()> {
        let tree = &self.project().root;
        let below: Vec<&Path> = paths.iter().filter_map(|path| path.strip_prefix(tree).ok()).collect();
        if let Some(tracked) = tracked(tree, &below).first() {
            return Err(RenderError::NotOurs { path: tree.join(tracked), tracked: true });
        }
        let there = |path: &&PathBuf| std::fs::symlink_metadata(path).is_ok();
        match paths.iter().filter(there).find(|path| !known.contains(path) && !is_signed(path, context)) {
            Some(path) => Err(RenderError::NotOurs { path: path.clone(), tracked: false }),
            None => Ok(()),
        }
    }

    /// Evaluates a template's file of the project.
    pub(super) fn template_file(&self, key: &'static str, file: &Path, scope: &super::engine::Scope) -> Result<String> {
        let path = self.project().root.join(file);
        let text =
            std::fs::read_to_string(&path).map_err(|source| RenderError::Read { key, path: path.clone(), source })?;
        self.engine().file(&text, scope, || file_origin(&path))
    }

    /// Where a rendered file goes: below the tree.
    fn target(&self, key: &str, text: &str, scope: &super::engine::Scope) -> Result<PathBuf> {
        let relative = PathBuf::from(self.value(key, text, scope)?);
        let inside = |component: Component<'_>| matches!(component, Component::Normal(_) | Component::CurDir);
        if relative.file_name().is_none() || !relative.components().all(inside) {
            return Err(RenderError::Outside { origin: self.origin(key), path: relative });
        }
        Ok(self.project().root.join(relative))
    }
}

/// Refuses a file whose variables are others than those of the processes: an application that reads the file
/// would behave otherwise than one that reads its environment. A file of another form says nothing.
fn agrees(file: &Path, text: &str, env: &Environment) -> Result<()> {
    let lookup = |name: &str| env.get(name).map(str::to_owned);
    for (name, value) in dotenv::parse(text, &lookup).unwrap_or_default() {
        if env.get(&name) != Some(value.as_str()) {
            return Err(RenderError::EnvOnly { origin: file_origin(file), name });
        }
    }
    Ok(())
}

/// Whether a file begins as an env file of this agent does: the record that knew of it was lost.
fn is_signed(path: &Path, context: &TemplateValues) -> bool {
    context.id.is_some_and(|id| is_written_for(path, id, &context.project))
}

/// Whether a file begins as an env file of an agent does.
pub fn is_written_for(path: &Path, agent: AgentId, project: &str) -> bool {
    let signature = format!("# Written by harness for agent {agent} of {project};");
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(signature.as_bytes()))
}
