//! `harness serve --detach`: the server as the one process of a stack of its own, so that it outlives its terminal, is
//! started again when it crashes, and keeps a log.
//!
//! The stacks that it launches for a page are no part of that stack: they stay when it is stopped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Method;

use super::Error;
use super::client::Server;
use super::place::{Listening, Place};
use super::run::{Options, listen};
use super::settings::Settings;
use super::surroundings::surroundings;
use crate::report::{Failure, Removed, RemovedKind, ServeStatus};
use crate::supervisor::{self, Client, Phase, ProcessSnapshot, ProcessSpec, StackSnapshot, StackSpec, StopSpec, logs};
use crate::system::loopback_map::PortMap;
use crate::system::{self, Home, StackName};

/// The process, and its log.
const NAME: &str = "serve";
/// The line by which it says that it answers.
const ANSWERS: &str = "serving at ";
/// How long it may take until then.
const PATIENCE: Duration = Duration::from_secs(30);
/// It has 30 s to end by itself.
const LAST_REQUESTS: f64 = 35.0;
/// Failed starts in a row before it is given up.
const STARTS: u32 = 10;
/// Lines of the log of one that did not start.
const LAST_LINES: usize = 8;

/// Starts the server of this home in the background; returns once it answers.
///
/// # Errors
/// One runs already, or it does not start.
pub async fn detach(
    home: &Home,
    environment: &BTreeMap<String, String>,
    options: &Options,
) -> Result<ServeStatus, Failure> {
    let place = Place::of(home);
    place.create()?;
    if place.is_served() {
        return Err(place.running(None).into());
    }
    // what is wrong is better said here than in a log
    let settings = Settings::read(&place.settings())?;
    settings.notify.targets(environment).map_err(|reason| place.wrong_settings(reason))?;
    settings.github.resolve(environment).map_err(|reason| place.wrong_settings(reason))?;
    let addresses = options.addresses(&settings);
    drop(listen(&addresses).await?);
    let spec = spec(home, environment, options, &addresses)?;
    let directory = home.stack_dir(StackName::Serve);
    supervisor::start(&directory, &spec).await?;
    let client = Client::connect(&directory)?.ok_or(Error::NotRunning)?;
    let phase = |snapshot: &StackSnapshot| snapshot.processes.get(NAME).map(|process| process.phase);
    let begins = |phase: Option<Phase>| matches!(phase, Some(Phase::Waiting | Phase::Starting | Phase::PortNotBound));
    let settled = client.wait_until(PATIENCE, |snapshot| !begins(phase(snapshot))).await?;
    if phase(&settled) != Some(Phase::Ready) {
        let lines = logs::last_lines(&directory, NAME, LAST_LINES);
        end(home, &client).await?;
        return Err(Error::NotStarted { lines }.into());
    }
    status(home).await
}

/// Whether a server of this home runs, and where.
///
/// # Errors
/// Its supervisor does not answer.
pub async fn status(home: &Home) -> Result<ServeStatus, Failure> {
    let place = Place::of(home);
    let listening = if place.is_served() { place.listening()? } else { None };
    describe(home, &place, listening).await
}

async fn describe(home: &Home, place: &Place, listening: Option<Listening>) -> Result<ServeStatus, Failure> {
    let process = process(home).await?;
    let pid = if place.is_served() { place.holder()? } else { None };
    // one that holds the lock may be beginning, ending or frozen
    let answers = match Server::of(home) {
        Ok(server) => server.ask(Method::GET, "/health").await.is_ok(),
        Err(_) => false,
    };
    Ok(ServeStatus {
        schema: "harness/serve/1".to_owned(),
        running: answers,
        detached: process.is_some(),
        url: listening.as_ref().and_then(|it| it.addresses.first()).map(|address| super::site::url_of(*address)),
        pid,
        version: listening.map(|listening| listening.harness_version).filter(|version| !version.is_empty()),
        state: process.as_ref().map(|process| process.phase),
        restarts: process.as_ref().map_or(0, |process| process.restarts),
        reason: process.and_then(|process| process.reason),
    })
}

/// Stops the detached server. Agents stay as they are; jobs that it has begun are interrupted.
///
/// # Errors
/// None runs, or it runs in somebody's foreground.
pub async fn stop(home: &Home) -> Result<ServeStatus, Failure> {
    let place = Place::of(home);
    // a server is stopped though nobody can read where it listens
    let listening = place.listening().ok().flatten().filter(|_| place.is_served());
    let before = describe(home, &place, listening).await?;
    let Some(client) = Client::take_charge(&home.stack_dir(StackName::Serve)).await? else {
        return Err(match before.pid {
            Some(pid) => Error::Foreground { pid }.into(),
            None => Error::NotRunning.into(),
        });
    };
    end(home, &client).await?;
    Ok(ServeStatus { running: false, state: None, reason: None, ..before })
}

/// Stops it with the shared servers; nothing where none is detached.
///
/// # Errors
/// It cannot be stopped.
pub async fn stop_if_detached(home: &Home, dry_run: bool) -> Result<Option<Removed>, Failure> {
    let Some(process) = process(home).await? else { return Ok(None) };
    if !dry_run {
        stop(home).await?;
    }
    let detail = process.process.map(|identity| format!("process {}", identity.pid)).unwrap_or_default();
    Ok(Some(Removed::with(RemovedKind::Service, "harness serve", detail)))
}

async fn process(home: &Home) -> Result<Option<ProcessSnapshot>, Failure> {
    let Some(client) = Client::look(&home.stack_dir(StackName::Serve))? else { return Ok(None) };
    Ok(client.state().await?.and_then(|mut snapshot| snapshot.processes.remove(NAME)))
}

async fn end(home: &Home, client: &Client) -> Result<(), Failure> {
    let directory = home.stack_dir(StackName::Serve);
    let stack = StackName::Serve.to_string();
    let survivors = match client.shutdown().await {
        Ok(report) => report.survivors.len(),
        Err(error) if error.is_silent() => supervisor::end_silent(home.id(), &directory, &stack).await?.survivors.len(),
        Err(error) if error.is_ending() => supervisor::sweep(home.id(), &directory, &stack).await?.survivors.len(),
        Err(error) => return Err(error.into()),
    };
    // it holds the environment that it was started with
    system::remove_if_exists(&directory.join("processes.toml"))?;
    if survivors == 0 {
        return Ok(());
    }
    let why = std::io::Error::other(format!("{survivors} of its processes were killed and have not ended"));
    Err(system::Error::call("end the server")(why).into())
}

fn spec(
    home: &Home,
    environment: &BTreeMap<String, String>,
    options: &Options,
    addresses: &[SocketAddr],
) -> system::Result<StackSpec> {
    let harness: PathBuf = std::env::current_exe().map_err(system::Error::call("find the harness program"))?;
    let mut command = vec![harness.display().to_string(), "serve".to_owned()];
    command.extend(options.words());
    let mut environment = surroundings(environment);
    environment.insert("HARNESS_HOME".to_owned(), home.path().display().to_string());
    let process = ProcessSpec {
        environment,
        ready_log_line: Some(format!("^{ANSWERS}")),
        ports: addresses.iter().map(SocketAddr::port).filter(|port| *port != 0).collect(),
        max_restarts: STARTS,
        shutdown: StopSpec { timeout_seconds: LAST_REQUESTS, ..StopSpec::default() },
        ..ProcessSpec::kept_running(command, home.path().to_owned())
    };
    Ok(StackSpec {
        version: 1,
        stack: StackName::Serve.to_string(),
        home_id: home.id().to_owned(),
        network_map: PortMap::default(),
        environment: BTreeMap::new(),
        database: None,
        idle: None,
        processes: BTreeMap::from([(NAME.to_owned(), process)]),
    })
}
