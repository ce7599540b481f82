//! The project as seen from an agent's work tree.
//!
//! The tree's own `harness.toml` rules what belongs to the code: environment, processes, template,
//! preparation, rendering. The root's rules what belongs to the machine and to the judge: `[project]`,
//! `[ports]`, `[infra]`, `[worktree]` and `[verify]`; so an agent cannot weaken its own gate.
//!
//! Overlays are laid on in the order root, tree: what a person set in `harness.local.toml` for this
//! machine holds for every agent, and a tree that has an overlay of its own has the last word.

use std::path::Path;

use super::load::{FILE, OVERLAY, Parsed};
use super::model::{Project, VerifyStage};
use super::problem::ConfigError;
use super::resolve::Shared;

/// A project in a work tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeProject {
    /// What holds in that tree. Its `root` is the tree's.
    pub project: Project,
    /// What the tree's `[verify]` says differently from the root's, which is the one that counts: one
    /// line each.
    pub verify_differences: Vec<String>,
    /// The tables of the tree's file that count there and are not as in the root's.
    pub own_tables: Vec<&'static str>,
}

impl Project {
    /// This project in `tree`, the directory of a work tree that corresponds to the root. A tree
    /// without a `harness.toml` is ruled by the root's.
    pub fn for_tree(&self, tree: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<TreeProject, ConfigError> {
        let tree =
            std::path::absolute(tree).map_err(|source| ConfigError::Unreadable { path: tree.to_owned(), source })?;
        if tree == self.root {
            return Ok(TreeProject { project: self.clone(), verify_differences: Vec::new(), own_tables: Vec::new() });
        }
        let files = [tree.join(FILE), self.root.join(OVERLAY), tree.join(OVERLAY)];
        if !files[0].is_file() {
            let project = Self { root: tree, ..self.clone() };
            return Ok(TreeProject { project, verify_differences: Vec::new(), own_tables: Vec::new() });
        }
        let mut project = Parsed::read(&files)?.resolve(&tree, Some(&Shared { root: self }), variable)?;
        let verify_differences = differences(&self.verify, &project.verify);
        project.verify.clone_from(&self.verify);
        project.warnings.clone_from(&self.warnings);
        let own_tables = self.tables_unlike(&project);
        Ok(TreeProject { project, verify_differences, own_tables })
    }

    /// The tables that a tree rules itself and that differ from `other`'s.
    fn tables_unlike(&self, other: &Self) -> Vec<&'static str> {
        let environment = |project: &Self| (project.env.clone(), project.env_files.clone(), project.pass_env.clone());
        let tables = [
            ("[database]", self.database != other.database),
            ("[bucket]", self.bucket_seed != other.bucket_seed),
            ("[stores]", self.stores != other.stores),
            ("[prepare]", self.prepare != other.prepare),
            ("[env]", environment(self) != environment(other)),
            ("[render]", self.render != other.render),
            ("[launch]", self.launch != other.launch),
            ("[processes]", self.processes != other.processes),
        ];
        tables.into_iter().filter(|(_, differs)| *differs).map(|(table, _)| table).collect()
    }
}

/// How the stages of a tree differ from those of the root.
fn differences(root: &[VerifyStage], tree: &[VerifyStage]) -> Vec<String> {
    let find = |stages: &[VerifyStage], name: &str| stages.iter().find(|stage| stage.name == name).cloned();
    let mut lines = Vec::new();
    for stage in root {
        let name = &stage.name;
        let Some(other) = find(tree, name) else {
            lines.push(format!("stage `{name}` is missing in the work tree"));
            continue;
        };
        for command in &stage.commands {
            match other.commands.iter().find(|candidate| candidate.name == command.name) {
                None => lines.push(format!("command `{}` of stage `{name}` is missing in the work tree", command.name)),
                Some(candidate) if candidate != command => {
                    lines.push(format!("command `{}` of stage `{name}` differs in the work tree", command.name));
                }
                Some(_) => {}
            }
        }
        for command in &other.commands {
            if !stage.commands.iter().any(|known| known.name == command.name) {
                lines.push(format!("command `{}` of stage `{name}` is only in the work tree", command.name));
            }
        }
        let settings = |stage: &VerifyStage| {
            (stage.full, stage.timeout, stage.needs_stack, stage.watched, stage.allow_ports.clone())
        };
        if settings(stage) != settings(&other) {
            lines.push(format!("`full`, `timeout`, `needs_stack`, `allow_ports` or `watch_network` of stage `{name}` differs in the work tree"));
        }
    }
    for stage in tree {
        if find(root, &stage.name).is_none() {
            lines.push(format!("stage `{}` is only in the work tree", stage.name));
        }
    }
    if lines.is_empty() && root != tree {
        lines.push("the order of stages or commands differs in the work tree".to_owned());
    }
    lines
}
