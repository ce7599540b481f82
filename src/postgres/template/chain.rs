//! The hash chain that names a template. Link k is the digest of link k-1, of what step k does, of the
//! environment it is given and of its input files (path and bytes); the head holds home, project,
//! extensions, roles and the server's major version.
//!
//! A step's name, timeout and `incremental` are not in it: they do not change what it makes.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::project::inputs::{contents, matching_files};
use crate::project::{DatabaseSettings, StepAction, TemplateStep};
use crate::system::{Error as SystemError, Secret, hexadecimal};

use super::super::{DatabaseCredentials, Error, Result, Server};

/// What a template is made from.
#[derive(Debug, Clone)]
pub struct TemplatePlan<'a> {
    /// `[database]`.
    pub settings: &'a DatabaseSettings,
    /// The tree that steps run in and inputs are read from.
    pub tree: &'a Path,
    /// What steps are given and what decides about a rebuild: `[database.template.env]` and those
    /// `[env]` values that need no id, rendered with [`TemplatePlan::placeholders`] as the database.
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
    /// This step's input files and the digest of each.
    pub files: BTreeMap<String, String>,
    /// Whether appended files may be applied to a former state.
    pub incremental: bool,
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
        let mut hash = Hash::new("harness template 1");
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
            files: BTreeMap::new(),
            incremental: false,
        }];
        for step in &self.settings.steps {
            let base = self.base(&former, step);
            let files = self.files(step)?;
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
                files,
                incremental: step.incremental,
            });
        }
        Ok(links)
    }

    /// What a step is given, with the real database in place of the placeholders.
    pub(super) fn step_environment(&self, login: &DatabaseCredentials) -> Vec<(String, String)> {
        let real = |value: &str| {
            value
                .replace(DATABASE, &login.database)
                .replace(USER, &login.user)
                .replace(PASSWORD, login.password.expose())
        };
        self.base_environment
            .iter()
            .chain(&self.environment)
            // a URL that does not name the database being built leads to some other one
            .filter(|(name, value)| name != "DATABASE_URL" || value.contains(DATABASE))
            .map(|(name, value)| (name.clone(), real(value)))
            .collect()
    }

    fn base(&self, former: &str, step: &TemplateStep) -> String {
        let mut hash = Hash::new(former);
        match &step.action {
            StepAction::Run(command) => {
                hash.feed("run");
                hash.feed(command);
                let mut environment: Vec<String> =
                    self.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
                environment.sort_unstable();
                hash.list(&environment);
            }
            StepAction::Sql(file) => {
                hash.feed("sql");
                hash.feed(&file.to_string_lossy());
            }
        }
        hash.feed(&step.working_dir.as_deref().unwrap_or(Path::new("")).to_string_lossy());
        hash.finish()
    }

    fn files(&self, step: &TemplateStep) -> Result<BTreeMap<String, String>> {
        let failed = |source| Error::Inputs { step: step.name.clone(), source };
        let mut paths = matching_files(self.tree, &step.inputs).map_err(failed)?;
        if let StepAction::Sql(file) = &step.action {
            paths.push(file.clone());
        }
        paths
            .into_iter()
            .map(|path| {
                let full = self.tree.join(&path);
                let bytes = if matches!(&step.action, StepAction::Sql(file) if *file == path) {
                    std::fs::read(&full).map_err(|source| Error::ScriptFile {
                        step: step.name.clone(),
                        source: SystemError::file("read", &full)(source),
                    })?
                } else {
                    contents(&full).map_err(failed)?
                };
                Ok((path.to_string_lossy().into_owned(), hexadecimal(&Sha256::digest(&bytes))))
            })
            .collect()
    }
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
