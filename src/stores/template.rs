//! Templates of stores: what they are made from, and whether they are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::build::{Build, Place, end};
use super::container::anywhere;
use super::data::{DATA, Mark, now};
use super::error::Error;
use super::inventory::{BUILDING, directory, lock_path, of, prune};
use super::program::Program;
use super::values::At;
use crate::infra::docker;
use crate::project::inputs::{contents, matching_files};
use crate::project::{Project, Store, StoreKind};
use crate::render::{Renderer, TemplateValues};
use crate::report::{Events, Failure};
use crate::system::text::words;
use crate::system::{self, FileLock, Home, hexadecimal};

/// What the templates of a project are made from.
pub struct Templates<'a> {
    /// The home.
    pub home: &'a Home,
    /// The project in the agent's tree, which is its `root`.
    pub project: &'a Project,
    /// Evaluates its templates.
    pub renderer: &'a Renderer<'a>,
    /// What they see that needs no agent.
    pub values: TemplateValues,
    /// Variables of the caller.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Receives progress.
    pub events: &'a Events,
}

impl Templates<'_> {
    /// The name of a store's template by what is in the tree now; `None` for a store that begins empty.
    ///
    /// # Errors
    /// Its program is not installed, its inputs cannot be read, or something cannot be rendered.
    pub fn name(&self, name: &str, store: &Store) -> Result<Option<String>, Failure> {
        let program = self.program(name, store)?;
        // the same on every machine and for every build
        let at = &At { dir: PathBuf::from("/store"), port: 1, home: self.home.path().to_owned() };
        let build = self.build(name, store, at, program.as_ref())?;
        if build.init.is_none() && build.steps.is_empty() {
            return Ok(None);
        }
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        part("store template 1");
        part(&self.project.name);
        part(name);
        part(store.serves.name());
        part(&program.map_or_else(String::new, |program| program.identity()));
        part(build.init.as_deref().unwrap_or_default());
        let server = build.server.as_ref().map(|server| format!("{:?} {:?}", server.command, server.environment));
        part(&anywhere(&server.unwrap_or_default(), self.home.path()));
        let mut used: BTreeSet<String> = named(build.init.as_deref().unwrap_or_default().as_bytes());
        for (step, command) in store.steps.iter().zip(&build.steps) {
            part(command);
            part(&step.working_dir.as_deref().unwrap_or(Path::new("")).to_string_lossy());
            used.append(&mut named(command.as_bytes()));
            for file in matching_files(&self.project.root, &step.inputs)? {
                let bytes = contents(&self.project.root.join(&file))?;
                part(&file.to_string_lossy());
                part(&hexadecimal(&Sha256::digest(&bytes)));
                used.append(&mut named(&bytes));
            }
        }
        // as for the database's: a variable counts where a command or one of its inputs names it
        for (variable, value) in build.own_environment.iter().filter(|(name, _)| used.contains(name)) {
            part(variable);
            part(value);
        }
        Ok(Some(hexadecimal(&hash.finalize())[..12].to_owned()))
    }

    /// Sees to it that what serves the store is there: a program that is installed, or an image, which is pulled.
    ///
    /// # Errors
    /// It is not.
    pub async fn provide(&self, name: &str, store: &Store) -> Result<(), Failure> {
        if let Some(container) = &store.container {
            docker::store::prepare(self.home, name, &container.image, self.variable, self.events).await?;
        }
        Ok(self.program(name, store).map(drop)?)
    }

    /// Whether a template is there.
    pub fn is_there(&self, template: &str) -> bool {
        !template.is_empty() && of(self.home, template).is_dir()
    }

    /// The template of that name as a unit that can be copied, built where it is missing; at once by one command only.
    ///
    /// # Errors
    /// A step fails, or the server does not start.
    pub async fn ensure(&self, name: &str, store: &Store, template: &str) -> Result<PathBuf, Failure> {
        let unit = of(self.home, template);
        if unit.is_dir() {
            return Ok(unit);
        }
        system::create_private_dir(&directory(self.home), 0o700)?;
        let lock = self.lock(name, template).await?;
        if unit.is_dir() {
            return Ok(unit);
        }
        let building = unit.with_extension(BUILDING);
        end(self.home, &building, template).await?;
        system::create_private_dir(&building, 0o700)?;
        system::create_private_dir(&building.join(DATA), 0o700)?;
        let port = if store.serves.has_server() { free_port()? } else { 0 };
        let at = &At { dir: building.join(DATA), port, home: self.home.path().to_owned() };
        let program = self.program(name, store)?;
        let build = self.build(name, store, at, program.as_ref())?;
        let (home, events, tree) = (self.home, self.events, &self.project.root);
        let ended = build.run(&Place { home, events, tree, directory: &building, template }).await;
        if let Err(failure) = ended {
            end(self.home, &building, template).await?;
            return Err(failure);
        }
        let mark = Mark {
            store: name.to_owned(),
            project: self.project.name.clone(),
            template: Some(template.to_owned()),
            made_at: now(),
        };
        mark.write(&building)?;
        std::fs::rename(&building, &unit).map_err(system::Error::file("create", &unit))?;
        drop(lock);
        prune(self.home, &mark)?;
        Ok(unit)
    }

    async fn lock(&self, store: &str, template: &str) -> system::Result<FileLock> {
        FileLock::acquire(&lock_path(self.home, template), "build a store's template", |holder| {
            // the other agents of the same command
            if holder.as_ref().is_some_and(|holder| holder.pid == std::process::id()) {
                return;
            }
            let who = holder.map_or_else(String::new, |holder| format!(" (pid {})", holder.pid));
            self.events
                .note("stores", format!("waiting for another command{who} that builds the template of `{store}`"));
        })
        .await
    }

    fn program(&self, name: &str, store: &Store) -> Result<Option<Program>, Error> {
        if matches!(store.serves, StoreKind::Own | StoreKind::Sqlite | StoreKind::Image) {
            return Ok(None);
        }
        let found = Program::find(store.serves, &self.places());
        found.map(Some).ok_or_else(|| Error::NotInstalled { store: name.to_owned(), kind: store.serves })
    }

    fn places(&self) -> String {
        (self.variable)("PATH").unwrap_or_default()
    }

    /// Everything about a build at a place, rendered.
    fn build<'a>(
        &self,
        name: &'a str,
        store: &'a Store,
        at: &At,
        program: Option<&Program>,
    ) -> Result<Build<'a>, Failure> {
        let mut values = self.values.clone();
        values.stores.insert(name.to_owned(), at.values(name, store, &self.places()));
        let environment = self.renderer.shared_environment(&values, self.variable)?;
        let key = format!("stores.{name}");
        let init = match &store.init {
            Some(init) => Some(self.renderer.text(&format!("{key}.init"), init, &values, &environment)?),
            None => program.and_then(|program| at.served(name, store).init(program)),
        };
        let mut steps = Vec::new();
        for (index, step) in store.steps.iter().enumerate() {
            let key = format!("{key}.template.steps[{index}].run");
            steps.push(self.renderer.text(&key, &step.run, &values, &environment)?);
        }
        let process = self.project.processes.iter().find(|(process, _)| process == name);
        let server = process.filter(|_| store.serves.has_server());
        let server = server.map(|(_, process)| self.renderer.store_process(name, process, &values, &environment));
        let own_environment = environment.own().to_vec();
        let mut environment = environment.all();
        let server = server.transpose()?;
        let client_environment = at.served(name, store).client_environment();
        environment.extend(client_environment);
        Ok(Build { name, store, init, steps, server, own_environment, environment })
    }
}

fn named(text: &[u8]) -> BTreeSet<String> {
    words(text).map(str::to_owned).collect()
}

/// A port that is free at this moment.
fn free_port() -> system::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    let port = listener.and_then(|listener| listener.local_addr()).map(|address| address.port());
    port.map_err(system::Error::call("find a free port"))
}
