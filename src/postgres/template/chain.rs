//! The hash chain that names a template. Link k is the digest of link k-1, of what step k does, of the
//! variables that it is given by name or uses, and of its input files (path and bytes); the head holds home, project,
//! extensions, roles and the server's major version.
//!
//! A step's name, timeout and `incremental` are not in it: they do not change what it makes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::project::inputs::{contents, matching_files};
use crate::project::{DatabaseSettings, StepAction, TemplateStep};
use crate::system::text::words;
use crate::system::{Error as SystemError, Secret, hexadecimal};

use super::super::{DatabaseCredentials, Error, Result, Server};

/// What a template is made from.
#[derive(Debug, Clone)]
pub struct TemplatePlan<'a> {
    /// `[database]`.
    pub settings: &'a DatabaseSettings,
    /// The tree that steps run in and inputs are read from.
    pub tree: &'a Path,
    /// What steps are given: `[database.template.env]` and those `[env]` values that need no id, rendered
    /// with [`TemplatePlan::placeholders`] as the database. A value decides about a rebuild if the first
    /// names it, or if the step's command or one of its input files does.
    pub environment: Vec<(String, String)>,
    /// What steps are given and what decides nothing: `PATH`, `HOME` and the like.
    pub base_environment: Vec<(String, String)>,
    /// The home's id.
    pub home_id: &'a str,
    /// The project's name.
    pub project: &'a str,
}

/// The state after one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The step's name; empty for the head, the state before the first step.
    pub step: String,
    /// SHA-256 in hexadecimal.
    pub digest: String,
    /// The digest of everything but this step's files.
    pub base: String,
    /// The digest of what the step does and where.
    pub action: String,
    /// The variables that count for it, and the digest of each value.
    pub environment: BTreeMap<String, String>,
    /// This step's input files and the digest of each.
    pub files: BTreeMap<String, String>,
    /// Whether appended files may be applied to a former state.
    pub incremental: bool,
    /// Whether the server's administrator runs the step.
    pub admin: bool,
}

impl Link {
    /// The name of the database that holds this state: `tpl_<12 hex>`.
    pub fn database(&self) -> String {
        format!("tpl_{}", &self.digest[..12])
    }
}

const DATABASE: &str = "harness_template_database";
const USER: &str = "harness_template_user";
const PASSWORD: &str = "harness_template_password";

impl TemplatePlan<'_> {
    /// Stands in for the database being built when `[env]` and `[database.template.env]` are rendered:
    /// its name and password are not known then and must not be part of the digest. The names are
    /// replaced in each step's environment, wherever they appear in a value.
    pub fn placeholders(server: &Server) -> DatabaseCredentials {
        server.login(DATABASE, USER, &Secret::new(PASSWORD))
    }

    /// The chain, head first; the last link is the template. Reads every input file.
    pub fn links(&self, server_major: u32) -> Result<Vec<Link>> {
        let mut hash = Hash::new("harness template 2");
        for part in [self.home_id, self.project, &server_major.to_string()] {
            hash.feed(part);
        }
        hash.list(&self.settings.extensions);
        hash.list(&self.settings.roles);
        let mut former = hash.finish();
        let mut links = vec![Link {
            step: String::new(),
            base: former.clone(),
            digest: former.clone(),
            action: String::new(),
            environment: BTreeMap::new(),
            files: BTreeMap::new(),
            incremental: false,
            admin: false,
        }];
        for step in &self.settings.steps {
            let (files, used) = self.files(step)?;
            let (action, environment) = (action(step), self.counting(step, &used));
            let mut hash = Hash::new(&former);
            hash.feed(&action);
            for (name, digest) in &environment {
                hash.feed(name);
                hash.feed(digest);
            }
            let base = hash.finish();
            let mut hash = Hash::new(&base);
            for (path, digest) in &files {
                hash.feed(path);
                hash.feed(digest);
            }
            former = hash.finish();
            links.push(Link {
                step: step.name.clone(),
                digest: former.clone(),
                base,
                action,
                environment,
                files,
                incremental: step.incremental,
                admin: step.admin,
            });
        }
        Ok(links)
    }

    /// What a step is given, with the real database in place of the placeholders.
    pub(super) fn step_environment(&self, login: &DatabaseCredentials) -> Vec<(String, String)> {
        self.base_environment
            .iter()
            .chain(&self.environment)
            // a URL that does not name the database being built leads to some other one
            .filter(|(name, value)| name != "DATABASE_URL" || value.contains(DATABASE))
            .map(|(name, value)| (name.clone(), real(value, login)))
            .collect()
    }

    /// The variables that the step's result may depend on: those of `[database.template.env]`, and those
    /// that its command or its input files (`used`) name. SQL is given none.
    fn counting(&self, step: &TemplateStep, used: &BTreeSet<String>) -> BTreeMap<String, String> {
        let StepAction::Run(command) = &step.action else { return BTreeMap::new() };
        let command: BTreeSet<&str> = words(command.as_bytes()).collect();
        let given = |name: &str| self.settings.env.iter().any(|(known, _)| known == name);
        self.environment
            .iter()
            .filter(|(name, _)| given(name) || command.contains(name.as_str()) || used.contains(name))
            .map(|(name, value)| (name.clone(), hexadecimal(&Sha256::digest(value))))
            .collect()
    }

    /// The digest of each input file, and the variables whose names are in one of them.
    fn files(&self, step: &TemplateStep) -> Result<(BTreeMap<String, String>, BTreeSet<String>)> {
        let failed = |source| Error::Inputs { step: step.name.clone(), source };
        let mut paths = matching_files(self.tree, &step.inputs).map_err(failed)?;
        if let StepAction::Sql(file) = &step.action {
            paths.push(file.clone());
        }
        let names: HashSet<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        let (mut digests, mut used) = (BTreeMap::new(), BTreeSet::new());
        for path in paths {
            let full = self.tree.join(&path);
            let bytes = if matches!(&step.action, StepAction::Sql(file) if *file == path) {
                std::fs::read(&full).map_err(|source| Error::ScriptFile {
                    step: step.name.clone(),
                    source: SystemError::file("read", &full)(source),
                })?
            } else {
                contents(&full).map_err(failed)?
            };
            used.extend(words(&bytes).filter(|word| names.contains(word)).map(str::to_owned));
            digests.insert(path.to_string_lossy().into_owned(), hexadecimal(&Sha256::digest(&bytes)));
        }
        Ok((digests, used))
    }
}

/// What a step does, with the real database in place of the placeholders.
pub(super) fn real_action(action: &StepAction, login: &DatabaseCredentials) -> StepAction {
    match action {
        StepAction::Run(command) => StepAction::Run(real(command, login)),
        StepAction::Sql(file) => StepAction::Sql(file.clone()),
    }
}

fn real(text: &str, login: &DatabaseCredentials) -> String {
    text.replace(DATABASE, &login.database).replace(USER, &login.user).replace(PASSWORD, login.password.expose())
}

/// The digest of what a step does and where.
fn action(step: &TemplateStep) -> String {
    let mut hash = Hash::new("");
    match &step.action {
        StepAction::Run(command) => {
            hash.feed("run");
            hash.feed(command);
        }
        StepAction::Sql(file) => {
            hash.feed("sql");
            hash.feed(&file.to_string_lossy());
        }
    }
    hash.feed(&step.working_dir.as_deref().unwrap_or(Path::new("")).to_string_lossy());
    if step.admin {
        hash.feed("admin");
    }
    hash.finish()
}

/// Feeds strings with their lengths, so that (`ab`, `c`) is not (`a`, `bc`).
struct Hash(Sha256);

impl Hash {
    fn new(start: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.feed(start);
        hash
    }

    fn feed(&mut self, part: &str) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    fn list(&mut self, parts: &[String]) {
        self.0.update((parts.len() as u64).to_le_bytes());
        for part in parts {
            self.feed(part);
        }
    }

    fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests;
