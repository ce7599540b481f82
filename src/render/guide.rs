//! The agent guide, with the agent's own values: what an agent that knows nothing else goes by.
//!
//! Agents that share the project's root get `CLAUDE.agent.<id>.md`. In a work tree of its own an agent
//! gets `CLAUDE.agent.md`, and the same text where other coding agents look for it: `AGENTS.md` and a
//! skill's folder. It holds credentials, so every copy is private and kept out of git, and a file that
//! the repository tracks, or that does not bear our mark, is never touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::{Value, context};

use super::environment::Environment;
use super::error::Result;
use super::files::RenderedFile;
use super::git::tracked;
use super::renderer::{Renderer, file_origin, scope};
use super::template_values::TemplateValues;
use crate::system;

/// The guide's template.
const GUIDE: &str = include_str!("../../CLAUDE.agent.md");
/// By this a guide of ours is known.
const MARK: &str = "<!-- rendered by harness; edits are lost at the next launch -->";
/// Where other coding agents look.
const AGENTS: &str = "AGENTS.md";
const SKILL: &str = ".claude/skills/harness/SKILL.md";

impl Renderer<'_> {
    /// The guides of an agent that may be written; `urls` are those of its ports that speak HTTP.
    ///
    /// # Errors
    /// The template cannot be evaluated.
    pub fn guides(
        &self,
        context: &TemplateValues,
        env: &Environment,
        urls: &BTreeMap<String, String>,
    ) -> Result<Vec<RenderedFile>> {
        let tree = &self.project().root;
        let own_tree = context.worktree.as_ref().is_some_and(|tree| *tree != context.project_root);
        let text = self.guide(context, env, urls, own_tree)?;
        let marked = format!("{MARK}\n\n{text}");
        let numbered = format!("CLAUDE.agent.{}.md", context.id.map_or_else(String::new, |id| id.to_string()));
        let file = |name: &str, text: String| RenderedFile { path: tree.join(name), text };
        let mut files = vec![file(&numbered, marked.clone())];
        if own_tree {
            // the numbered one stands in where the project itself has a file of that name
            files.insert(0, file("CLAUDE.agent.md", marked.clone()));
            files.push(file(AGENTS, marked));
            files.push(file(SKILL, format!("{}\n{MARK}\n\n{text}", front_matter(context))));
        }
        let mut files = free(tree, files);
        if own_tree && files.first().is_some_and(|file| file.path.ends_with("CLAUDE.agent.md")) {
            files.retain(|file| !file.path.ends_with(&numbered));
        }
        Ok(files)
    }

    fn guide(
        &self,
        context: &TemplateValues,
        env: &Environment,
        urls: &BTreeMap<String, String>,
        own_tree: bool,
    ) -> Result<String> {
        let mut scope = scope(context, env);
        scope.set("own_tree", Value::from(own_tree));
        let file = self.env_file(context, env)?.path;
        let relative = file.strip_prefix(&self.project().root).unwrap_or(&file);
        scope.set("env_file", Value::from(relative.to_string_lossy().into_owned()));
        scope.set("urls", Value::from_pairs(urls.iter().map(|(name, url)| (name.as_str(), url.as_str()))));
        let processes: Vec<&str> = self.project().processes.iter().map(|(name, _)| name.as_str()).collect();
        scope.set("process", Value::from(processes.first().copied().unwrap_or("api")));
        scope.set("processes", processes.into_iter().collect());
        let stages = self.project().verify.iter();
        scope.set("stages", stages.map(|stage| context! { name => stage.name.clone(), full => stage.full }).collect());
        for name in context.servers.keys() {
            scope.set_absent(name);
        }
        self.engine().file(GUIDE, &scope, || file_origin(Path::new("CLAUDE.agent.md")))
    }
}

/// By its description a coding agent decides whether to read a skill.
fn front_matter(context: &TemplateValues) -> String {
    let id = context.id.map_or_else(String::new, |id| format!(" as agent {id}"));
    format!(
        "---\nname: harness\ndescription: How to run, look at, debug and check this application{id}: addresses, \
         credentials, logs, database, restart, and `harness verify`, which says whether work is done. Read it \
         before running, testing or declaring anything done in this repository.\n---\n"
    )
}

/// Those that neither the repository nor anybody else has.
fn free(tree: &Path, mut files: Vec<RenderedFile>) -> Vec<RenderedFile> {
    if files.iter().all(RenderedFile::is_as_it_should_be) {
        return files;
    }
    let paths: Vec<&Path> = files.iter().filter_map(|file| file.path.strip_prefix(tree).ok()).collect();
    let tracked = tracked(tree, &paths);
    files.retain(|file| {
        let below = file.path.strip_prefix(tree).unwrap_or(&file.path);
        !tracked.iter().any(|path| path == below)
            && is_inside(tree, &file.path)
            && (is_guide(&file.path) || !exists(&file.path))
    });
    files
}

fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// No directory on the way is a link that leads out of the tree.
fn is_inside(tree: &Path, path: &Path) -> bool {
    let Ok(tree) = tree.canonicalize() else { return false };
    let nearest = path.ancestors().skip(1).find(|directory| exists(directory));
    nearest.and_then(|directory| directory.canonicalize().ok()).is_some_and(|directory| directory.starts_with(tree))
}

/// Whether there is a guide that is still as harness wrote it.
pub fn is_guide(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
        && std::fs::read_to_string(path).is_ok_and(|text| text.lines().take(12).any(|line| line == MARK))
}

/// Removes a guide, if it is still ours, and the folders of `tree` that it leaves empty. Says whether it
/// was there.
///
/// # Errors
/// It cannot be removed.
pub fn remove_guide(tree: &Path, path: &Path) -> system::Result<bool> {
    if !is_guide(path) || !system::remove_if_exists(path)? {
        return Ok(false);
    }
    let folders: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
    for folder in folders.iter().take_while(|folder| folder.starts_with(tree) && *folder != tree) {
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(true)
}
