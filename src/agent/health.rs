//! `health`: asks each process of a stack the question of its readiness probe, now, and reports the answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hyper::Method;
use tokio::net::TcpStream;

use super::{Context, Error, undone};
use crate::project::AgentId;
use crate::report::{CheckKind, Failure, Health, HealthCheck, milliseconds};
use crate::supervisor::{
    self, Client, Destination, Phase, ProbeCheckSpec, ProbeSpec, ProcessSnapshot, StackSnapshot, StackSpec,
    rendered_spec,
};
use crate::system::proc::descendants;
use crate::system::text::cut;
use crate::system::{http_connect, http_exchange, marker_value, stranger_at};

/// Bytes of a body that are reported.
const BODY: usize = 4096;

/// Asks every process that is not disabled.
///
/// # Errors
/// The agent does not exist or does not run.
pub async fn health(context: &Context, agent: AgentId) -> Result<Health, Failure> {
    undone::existing(context, agent)?;
    let directory = context.home.stack_dir(agent.stack());
    let client = Client::look(&directory)?.ok_or(Error::NotRunning(agent))?;
    let snapshot = client.state().await?.ok_or(Error::NotRunning(agent))?;
    let spec = rendered_spec(&directory)?;
    let enabled = snapshot.processes.iter().filter(|(_, process)| process.phase != Phase::Disabled);
    let checks = {
        let check = |(name, process): (&String, _)| check(&directory, &client, name.clone(), process, &spec);
        join_all(enabled.map(check)).await
    };
    let healthy = checks.iter().all(|check| check.healthy);
    Ok(Health { schema: "harness/health/1".to_owned(), agent: agent.get(), healthy, checks })
}

/// The ready processes that do not answer their probe now, each with the reason. A supervisor asks a process that has been
/// ready for long only every half a minute, so its word may be that old.
pub(super) async fn unanswered(
    directory: &Path,
    client: &Client,
    snapshot: &StackSnapshot,
) -> Result<BTreeMap<String, String>, Failure> {
    let spec = rendered_spec(directory)?;
    let ready = snapshot.processes.iter().filter(|(_, process)| process.phase == Phase::Ready);
    let check = |(name, process): (&String, _)| check(directory, client, name.clone(), process, &spec);
    let checks = join_all(ready.map(check)).await;
    let silent = checks.into_iter().filter(|check| !check.healthy);
    Ok(silent.map(|check| (check.process, check.error.unwrap_or_else(|| "its probe fails".to_owned()))).collect())
}

async fn check(
    directory: &Path,
    client: &Client,
    name: String,
    process: &ProcessSnapshot,
    stack: &StackSpec,
) -> HealthCheck {
    let mut check = HealthCheck {
        process: name.clone(),
        kind: CheckKind::Supervisor,
        target: None,
        healthy: matches!(process.phase, Phase::Ready | Phase::Completed),
        status: None,
        body: None,
        duration_ms: 0,
        error: None,
    };
    if !check.healthy {
        check.error = Some(process.reason.clone().unwrap_or_else(|| format!("is {}", process.phase)));
    }
    if let Some(spec) = stack.processes.get(&check.process)
        && let Some(probe) = &spec.readiness_probe
    {
        let began = Instant::now();
        let pid = process.process.as_ref().map(|identity| identity.pid);
        ask(client, probe, &Whose { stack, ports: &spec.ports, process: pid }, &mut check).await;
        check.duration_ms = milliseconds(began.elapsed());
    }
    if !check.healthy && process.process.is_none() {
        // it had ended: its last log lines say more than a refused connection
        check.error = process.reason.clone().or_else(|| supervisor::logs::last_word(directory, &name)).or(check.error);
    }
    check
}

/// Who may answer.
struct Whose<'a> {
    stack: &'a StackSpec,
    /// On these ports no other program may answer.
    ports: &'a [u16],
    /// Who is asked.
    process: Option<u32>,
}

/// Asks the question of a probe.
async fn ask(client: &Client, probe: &ProbeSpec, whose: &Whose<'_>, check: &mut HealthCheck) {
    let patience = Duration::from_secs_f64(probe.timeout_seconds);
    let asked = match &probe.check {
        ProbeCheckSpec::HttpGet { host, port, path } => {
            let name = host.as_deref().unwrap_or("localhost");
            check.kind = CheckKind::Http;
            check.target = Some(format!("http://{name}:{port}{path}"));
            tokio::time::timeout(patience, get(client, host.as_deref(), *port, path, check)).await
        }
        ProbeCheckSpec::TcpConnect { host, port } => {
            check.kind = CheckKind::Tcp;
            check.target = Some(format!("{}:{port}", host.as_deref().unwrap_or("localhost")));
            let connecting = async {
                let stream = connect(client, host.as_deref(), *port).await.map_err(|error| error.to_string())?;
                Ok(stream.peer_addr().ok())
            };
            tokio::time::timeout(patience, connecting).await
        }
        // the supervisor asks in the process's own environment; its answer is a moment old
        ProbeCheckSpec::Exchange { .. } | ProbeCheckSpec::Exec { .. } => return,
    };
    let answer = asked.unwrap_or_else(|_| Err(format!("no answer within {} s", probe.timeout_seconds)));
    let answer = answer.and_then(|peer| peer.and_then(|peer| stranger(peer, whose)).map_or(Ok(()), Err));
    check.healthy = answer.is_ok();
    check.error = answer.err();
}

/// Who answered, where that is a program of another stack, or of none.
fn stranger(peer: SocketAddr, whose: &Whose<'_>) -> Option<String> {
    if !peer.ip().to_canonical().is_loopback() || !whose.ports.contains(&peer.port()) {
        return None;
    }
    let below = whose.process.map(|pid| descendants(&[pid])).unwrap_or_default();
    let likely = whose.process.into_iter().chain(below.into_iter().map(|stat| stat.pid));
    let holder = stranger_at(peer, &marker_value(&whose.stack.home_id, &whose.stack.stack), likely)?;
    let (port, pid) = (peer.port(), holder.pid?);
    Some(format!("port {port} is answered by pid {pid} (`{}`), which is not of this stack", holder.command))
}

/// Connects, or has the supervisor connect where this command cannot: it may be in a sandbox without a network.
async fn connect(client: &Client, host: Option<&str>, port: u16) -> std::io::Result<TcpStream> {
    match http_connect(host, port).await {
        Ok(stream) => Ok(stream),
        Err(error) => client.connection(Destination::Port(port)).await.map_err(|_| error),
    }
}

async fn get(
    client: &Client,
    host: Option<&str>,
    port: u16,
    path: &str,
    check: &mut HealthCheck,
) -> Result<Option<SocketAddr>, String> {
    let stream = connect(client, host, port).await.map_err(|error| error.to_string())?;
    let peer = stream.peer_addr().ok();
    let answer = http_exchange(stream, Method::GET, host.unwrap_or("localhost"), path)
        .await
        .map_err(|error| error.to_string())?;
    let body = String::from_utf8_lossy(&answer.body);
    check.body = Some(cut(&body, BODY).to_owned());
    check.status = Some(answer.status.as_u16());
    match answer.status.as_u16() {
        200..=399 => Ok(peer),
        _ => Err(format!("answered {}", answer.status)),
    }
}
