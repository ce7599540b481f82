//! One build of a template: `init`, then the server as a throw-away stack, then the steps, then an orderly stop.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::copy::remove;
use super::error::Error;
use crate::diagnostic;
use crate::infra::docker;
use crate::project::Store;
use crate::report::{Events, Failure, Task};
use crate::supervisor::{self, Client, Phase, ProcessSpec, RestartSpec, StackSpec, logs};
use crate::system::loopback_map::PortMap;
use crate::system::{CommandSpec, Home, MARKER, marker_value};

/// How long the server may take to become ready, and the command that makes its data to end.
const PATIENCE: Duration = Duration::from_mins(3);
/// Lines of the log of a server that did not start.
const LAST_LINES: usize = 12;

/// Where a build happens.
pub(super) struct Place<'a> {
    pub(super) home: &'a Home,
    pub(super) events: &'a Events,
    /// Where commands run.
    pub(super) tree: &'a Path,
    /// What becomes the template.
    pub(super) directory: &'a Path,
    /// Its name.
    pub(super) template: &'a str,
}

impl Place<'_> {
    fn stack(&self) -> String {
        stack(self.template)
    }
}

/// Everything about a build, rendered.
pub(super) struct Build<'a> {
    /// The store's name.
    pub(super) name: &'a str,
    pub(super) store: &'a Store,
    /// What makes an empty data directory.
    pub(super) init: Option<String>,
    /// The commands of the steps.
    pub(super) steps: Vec<String>,
    /// The server.
    pub(super) server: Option<ProcessSpec>,
    /// What the result may depend on.
    pub(super) own_environment: Vec<(String, String)>,
    /// What commands get.
    pub(super) environment: BTreeMap<String, String>,
}

impl Build<'_> {
    /// Builds.
    ///
    /// # Errors
    /// A command fails, or the server does not start. What runs then is the caller's to [`end`].
    pub(super) async fn run(&self, place: &Place<'_>) -> Result<(), Failure> {
        let task = place.events.task("stores", format!("build the template of {}", self.name));
        if let Some(init) = &self.init {
            task.detail("init");
            self.command(place, init, (place.tree, PATIENCE), "init", &task).await?;
        }
        if !self.steps.is_empty() {
            let client = self.start(place).await?;
            for (step, command) in self.store.steps.iter().zip(&self.steps) {
                task.detail(step.name.clone());
                let dir = step.working_dir.as_ref().map_or_else(|| place.tree.to_owned(), |dir| place.tree.join(dir));
                let what = format!("step `{}`", step.name);
                self.command(place, command, (&dir, step.timeout), &what, &task).await?;
            }
            if let Some(client) = client {
                task.detail("stop");
                client.shutdown().await?;
            }
        }
        remove(&place.directory.join(STACK))?;
        task.finish();
        Ok(())
    }

    async fn command(
        &self,
        place: &Place<'_>,
        command: &str,
        (dir, timeout): (&Path, Duration),
        what: &str,
        task: &Task,
    ) -> Result<(), Failure> {
        let mut environment: Vec<(String, String)> = self.environment.clone().into_iter().collect();
        environment.push((MARKER.to_owned(), marker_value(place.home.id(), &place.stack())));
        let spec = CommandSpec::shell(command, dir, environment).with_timeout(timeout);
        let output = diagnostic::run_step(spec, command, place.tree, |line| task.output(line)).await?;
        if output.ending.is_success() {
            return Ok(());
        }
        let (store, what, ending) = (self.name.to_owned(), what.to_owned(), output.ending.to_string());
        Err(Error::Build { store, what, ending, output: output.tail }.into())
    }

    /// Starts the server, where the store has one, and waits until it is ready.
    async fn start(&self, place: &Place<'_>) -> Result<Option<Client>, Failure> {
        let Some(server) = &self.server else { return Ok(None) };
        let server = ProcessSpec { restart: RestartSpec::No, disabled: false, ..server.clone() };
        let spec = StackSpec {
            version: 1,
            stack: place.stack(),
            home_id: place.home.id().to_owned(),
            network_map: PortMap::default(),
            environment: self.environment.clone(),
            database: None,
            idle: None,
            processes: BTreeMap::from([(self.name.to_owned(), server)]),
        };
        let directory = place.directory.join(STACK);
        supervisor::start(&directory, &spec).await?;
        let failed = |ending: String, output: Vec<String>| {
            let (store, what) = (self.name.to_owned(), "its server".to_owned());
            Failure::from(Error::Build { store, what, ending, output })
        };
        let Some(client) = Client::connect(&directory)? else {
            return Err(failed("its supervisor ended".to_owned(), Vec::new()));
        };
        let begins = |phase| matches!(phase, Phase::Waiting | Phase::Starting | Phase::PortNotBound);
        let is_settled = |phase: Option<Phase>| phase.is_none_or(|phase| !begins(phase));
        let settled = client
            .wait_until(PATIENCE, |seen| is_settled(seen.processes.get(self.name).map(|process| process.phase)))
            .await?;
        let process = settled.processes.get(self.name);
        if process.is_some_and(|process| process.phase == Phase::Ready) {
            return Ok(Some(client));
        }
        let reason = process.and_then(|process| process.reason.clone());
        let ending = reason.unwrap_or_else(|| format!("not ready after {} s", PATIENCE.as_secs()));
        Err(failed(ending, logs::last_lines(&directory, self.name, LAST_LINES)))
    }
}

/// The stack of a build, in its directory.
const STACK: &str = "stack";

/// Its name, as its processes are marked.
fn stack(template: &str) -> String {
    format!("store-{template}")
}

/// Ends what runs of a build in `directory`, whoever began it, and removes its files.
///
/// # Errors
/// It cannot be ended or removed.
pub(super) async fn end(home: &Home, directory: &Path, template: &str) -> Result<(), Failure> {
    if !directory.exists() {
        return Ok(());
    }
    let (place, stack) = (directory.join(STACK), stack(template));
    if place.is_dir()
        && let Some(client) = Client::take_charge(&place).await?
    {
        match client.shutdown().await {
            Err(error) if error.is_silent() => drop(supervisor::end_silent(home.id(), &place, &stack).await?),
            Err(error) if !error.is_ending() => return Err(error.into()),
            _ => {}
        }
    }
    supervisor::sweep(home.id(), &place, &stack).await?;
    docker::store::remove(home, &stack, None).await?;
    Ok(remove(directory)?)
}
