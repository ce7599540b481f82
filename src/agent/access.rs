//! The ways into an agent: its URLs, its environment, a command inside it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use futures_util::FutureExt;
use rustix::process::{Pid, Signal};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::{Context, Error, Record, container, template_values};
use crate::infra::{self, Engine, Infra};
use crate::postgres::DatabaseCredentials;
use crate::project::AgentId;
use crate::render::{self, Renderer};
use crate::report::{Environment, Failure, Urls};
use crate::system;

/// The URLs of an agent, or the one called `name`.
///
/// # Errors
/// There is no such agent, or no such port.
pub fn urls(context: &Context, agent: AgentId, name: Option<&str>) -> Result<Urls, Failure> {
    let record = Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    let mut urls = record.urls();
    let mut ports = record.ports;
    if let Some(name) = name {
        let known: Vec<String> = ports.keys().cloned().collect();
        let Some(port) = ports.get(name).copied() else {
            return Err(Error::UnknownPort { agent, name: name.to_owned(), known }.into());
        };
        urls = BTreeMap::from([(name.to_owned(), format!("http://localhost:{port}"))]);
        ports = BTreeMap::from([(name.to_owned(), port)]);
    }
    Ok(Urls { schema: "harness/url/1".to_owned(), agent: agent.get(), urls, ports })
}

/// An agent with everything that its environment depends on.
struct Loaded {
    record: Record,
    infra: Infra,
    environment: render::Environment,
}

async fn load(context: &Context, agent: AgentId) -> Result<Loaded, Failure> {
    let record = Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    let infra = infra::open(&context.home).await?.ok_or(Error::NoInfra)?;
    let project = context.in_tree(&context.project_at(&record.project_root)?, &record.tree)?;
    let renderer = Renderer::new(&project);
    let values = template_values::of(context, &project, &record, &infra);
    let environment = template_values::environment(&renderer, &values, &record)?;
    Ok(Loaded { record, infra, environment })
}

/// The agent's own variables: those of its env file.
///
/// # Errors
/// There is no such agent, or its configuration is wrong.
pub async fn environment(context: &Context, agent: AgentId) -> Result<Environment, Failure> {
    let loaded = load(context, agent).await?;
    let variables = loaded.environment.own().iter().cloned().collect();
    Ok(Environment { schema: "harness/env/1".to_owned(), agent: agent.get(), variables })
}

/// The login of the agent's own role into its own database; `None` when it has none.
pub(super) async fn database(context: &Context, agent: AgentId) -> Result<Option<DatabaseCredentials>, Failure> {
    let record = Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    let infra = infra::open(&context.home).await?.ok_or(Error::NoInfra)?;
    Ok(infra
        .servers
        .postgres
        .as_ref()
        .zip(record.database_password.as_ref())
        .map(|(server, password)| server.agent_login(agent, password)))
}

/// What a command printed, where it does not go to harness's own streams.
#[derive(Debug, Default)]
pub struct Captured {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Runs a command in the agent's tree with the agent's environment. Its output goes to harness's streams, or into
/// `captured`. With `service`, that server's own programs come first on PATH, and for `db` the agent's login is in
/// the environment. Returns the command's exit code; 128 + n when signal n ended it.
///
/// # Errors
/// There is no such agent or service, or the command cannot be started.
pub async fn exec(
    context: &Context,
    agent: AgentId,
    service: Option<&str>,
    command: &[String],
    captured: Option<&mut Captured>,
) -> Result<u8, Failure> {
    let loaded = load(context, agent).await?;
    if let (Some(service), Engine::Docker) = (service, loaded.infra.engine) {
        return container::exec(context, &loaded.infra, &loaded.record, service, command, captured).await;
    }
    let mut environment = with_home(context, loaded.environment.all());
    if let Some(service) = service {
        enter_service(&loaded.infra, &loaded.record, service, &mut environment)?;
    }
    run(&loaded.record, environment, command, captured).await
}

/// Starts the caller's shell in the agent's tree with the agent's environment; returns its exit code.
///
/// # Errors
/// There is no such agent, or the shell cannot be started.
pub async fn shell(context: &Context, agent: AgentId) -> Result<u8, Failure> {
    let loaded = load(context, agent).await?;
    let shell = context.variable("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".to_owned());
    context
        .events
        .note(format!("agent {agent}"), format!("`{shell}` in {}; leave it with `exit`", loaded.record.tree.display()));
    run(&loaded.record, with_home(context, loaded.environment.all()), &[shell], None).await
}

/// An agent's environment for commands that may call harness: they mean this home, whatever its default is.
pub(super) fn with_home(context: &Context, mut environment: BTreeMap<String, String>) -> BTreeMap<String, String> {
    environment.insert("HARNESS_HOME".to_owned(), context.home.path().display().to_string());
    environment
}

async fn run(
    record: &Record,
    environment: BTreeMap<String, String>,
    command: &[String],
    captured: Option<&mut Captured>,
) -> Result<u8, Failure> {
    let Some((program, arguments)) = command.split_first() else { return Ok(0) };
    let Some(found) = find(program, environment.get("PATH"), &record.tree) else {
        return Err(Error::NoProgram { agent: record.agent, program: program.clone() }.into());
    };
    let action = || format!("run `{program}`");
    // what the terminal sends goes to both: the command decides what to make of it. What is sent to harness
    // alone is passed on.
    let keys = signals([SignalKind::interrupt(), SignalKind::quit()]).map_err(system::Error::call(action()))?;
    let [mut ended, mut hung_up] =
        signals([SignalKind::terminate(), SignalKind::hangup()]).map_err(system::Error::call(action()))?;
    let mut process = tokio::process::Command::new(&found);
    process.args(arguments).current_dir(&record.tree).env_clear().envs(environment);
    if captured.is_some() {
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let mut child = process.spawn().map_err(system::Error::call(action()))?;
    let reading = captured.map(|captured| {
        tokio::spawn(read(child.stdout.take(), child.stderr.take())).map(move |read| {
            *captured = read.unwrap_or_default();
        })
    });
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    let status = loop {
        let signal = tokio::select! {
            status = child.wait() => break status.map_err(system::Error::call(action()))?,
            _ = ended.recv() => Signal::TERM,
            _ = hung_up.recv() => Signal::HUP,
        };
        // it is not reaped before `wait` returns, so the pid is still its own
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, signal);
        }
    };
    drop(keys);
    if let Some(reading) = reading {
        reading.await;
    }
    Ok(exit_code(status))
}

/// Both streams to their ends.
async fn read(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>) -> Captured {
    let mut captured = Captured::default();
    let out = async {
        if let Some(mut stdout) = stdout {
            let _ = stdout.read_to_end(&mut captured.stdout).await;
        }
    };
    let error = async {
        if let Some(mut stderr) = stderr {
            let _ = stderr.read_to_end(&mut captured.stderr).await;
        }
    };
    tokio::join!(out, error);
    captured
}

fn signals<const N: usize>(kinds: [SignalKind; N]) -> std::io::Result<[Listener; N]> {
    let listeners: Vec<Listener> = kinds.into_iter().map(signal).collect::<std::io::Result<_>>()?;
    Ok(listeners.try_into().expect("one a kind"))
}

fn exit_code(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(125)
}

/// The program, looked up on the agent's PATH rather than on the caller's.
fn find(program: &str, path: Option<&String>, tree: &std::path::Path) -> Option<PathBuf> {
    which::which_in(program, path, tree).ok()
}

fn enter_service(
    infra: &Infra,
    record: &Record,
    service: &str,
    environment: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    let Some(directory) = infra.programs_of(service) else {
        return Err(Error::UnknownService { name: service.to_owned(), known: infra.record.service_names() }.into());
    };
    if let Some(directory) = directory {
        let path = environment.get("PATH").cloned().unwrap_or_default();
        environment.insert("PATH".to_owned(), format!("{}:{path}", directory.display()));
    }
    if let (Some(server), Some(password), "db") = (&infra.servers.postgres, &record.database_password, service) {
        environment.extend(server.agent_login(record.agent, password).environment());
        // a server that never answers must not hold `psql` for ever
        environment.entry("PGCONNECT_TIMEOUT".to_owned()).or_insert_with(|| "3".to_owned());
    }
    Ok(())
}
