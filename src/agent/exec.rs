//! `exec` and `shell`: a command in an agent's tree, with its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use futures_util::FutureExt;
use rustix::process::{Pid, Signal};
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::environment::{for_commands, load};
use super::{Captured, Context, Error, Record, container, ownership};
use crate::infra::{Engine, Infra};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system;
use crate::system::loopback_map::LoopbackMap;
use crate::system::proc::exec_marker_value;

/// Runs a command in the agent's tree with the agent's environment. Its output goes to harness's streams, or into
/// `captured`. With `service`, that server's own programs come first on PATH, and for `db` the agent's login is in
/// the environment. Returns the command's exit code; 128 + n when signal n ended it.
///
/// # Errors
/// There is no such agent or service, the agent is another project's and `force` is not set, or the command cannot be
/// started.
pub async fn exec(
    context: &Context,
    agent: AgentId,
    service: Option<&str>,
    command: &[String],
    force: bool,
    captured: Option<&mut Captured>,
) -> Result<u8, Failure> {
    ownership::check_agent(context, agent, force)?;
    let loaded = load(context, agent).await?;
    if let (Some(service), Engine::Docker) = (service, loaded.infra.engine) {
        return container::exec(context, &loaded.infra, &loaded.record, service, command, captured).await;
    }
    let mut environment = with_marker(context, agent, for_commands(context, &loaded.infra, loaded.environment.all()));
    if let Some(service) = service {
        enter_service(&loaded.infra, &loaded.record, service, &mut environment)?;
    }
    run(&loaded.record, environment, command, captured).await
}

/// Starts the caller's shell in the agent's tree with the agent's environment; returns its exit code.
///
/// # Errors
/// There is no such agent, it is another project's and `force` is not set, or the shell cannot be started.
pub async fn shell(context: &Context, agent: AgentId, force: bool) -> Result<u8, Failure> {
    ownership::check_agent(context, agent, force)?;
    let loaded = load(context, agent).await?;
    let shell = user_shell(context.variable("SHELL"));
    context
        .events
        .note(format!("agent {agent}"), format!("`{shell}` in {}; leave it with `exit`", loaded.record.tree.display()));
    let environment = for_commands(context, &loaded.infra, loaded.environment.all());
    run(&loaded.record, with_marker(context, agent, environment), &[shell], None).await
}

/// The shell of who has this variable `SHELL`.
pub fn user_shell(variable: Option<String>) -> String {
    variable.filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".to_owned())
}

/// The marker by which a teardown recognises what `exec` and `shell` started. It is not the marker of the stack: a
/// launch, which ends what a dead supervisor left, must not end a person's shell.
pub(super) fn exec_marker(context: &Context, agent: AgentId) -> String {
    exec_marker_value(context.home.id(), &agent.stack().to_string())
}

fn with_marker(
    context: &Context,
    agent: AgentId,
    mut environment: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    environment.insert(system::MARKER.to_owned(), exec_marker(context, agent));
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
    // a signal of the terminal goes to both: the command decides how to handle it. What is sent to harness
    // alone is passed on.
    let keys = signals([SignalKind::interrupt(), SignalKind::quit()]).map_err(system::Error::call(action()))?;
    let [mut ended, mut hung_up] =
        signals([SignalKind::terminate(), SignalKind::hangup()]).map_err(system::Error::call(action()))?;
    let mut process = tokio::process::Command::new(&found);
    let map = LoopbackMap::in_environment(&environment);
    process.args(arguments).current_dir(&record.tree).env_clear().envs(&environment);
    let attached = map.attach(process.as_std_mut()).map_err(system::Error::call(action()))?;
    if captured.is_some() {
        process.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let mut child = match process.spawn() {
        Ok(child) => child,
        Err(error) => return Err(system::Error::call(action())(attached.explain(error)).into()),
    };
    // its background jobs may go on when it has ended
    attached.serve_and_guard().map_err(system::Error::call(action()))?;
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
pub(super) fn find(program: &str, path: Option<&String>, tree: &std::path::Path) -> Option<PathBuf> {
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
        // a server that never answers must not block `psql` without end
        environment.entry("PGCONNECT_TIMEOUT".to_owned()).or_insert_with(|| "3".to_owned());
    }
    Ok(())
}
