//! The watching process as a stack of the supervisor.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log::WATCHING;
use crate::infra::docker::connect;
use crate::infra::error::docker::Result;
use crate::infra::observation::Observation;
use crate::infra::processes;
use crate::report::ServerState;
use crate::supervisor::{self, Client, Phase, ProcessSpec, StackSpec, StopSpec};
use crate::system::loopback_map::PortMap;
use crate::system::{self, Home, StackName};

/// What the process is called, in the stack and wherever services are listed.
pub const NAME: &str = "autoheal";
/// The hidden command.
pub(super) const COMMAND: &str = "__autoheal";
/// How long a started process may take until it is ready. The next command tries again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the process, or replaces one of another program or engine.
pub(in crate::infra::docker) async fn ensure(home: &Home) -> crate::infra::error::Result<()> {
    let spec = spec(home)?;
    let directory = home.infra_dir();
    let started = supervisor::start(&directory, &spec).await?;
    if let Some(client) = Client::connect(&directory)? {
        if !started.fresh {
            client.apply(&spec, true).await?;
        }
        let settled = |stack: &supervisor::StackSnapshot| stack.processes.values().all(|it| it.phase == Phase::Ready);
        client.wait_until(PATIENCE, settled).await?;
    }
    Ok(())
}

/// Whether it runs.
pub(in crate::infra::docker) async fn is_up(home: &Home) -> bool {
    observe(home).await.is_some_and(|observed| observed.state == ServerState::Ready)
}

/// What the supervisor says of it; `None` where there is no supervisor.
pub(in crate::infra) async fn observe(home: &Home) -> Option<Observation> {
    processes::observe(home).await.ok()?.remove(NAME)
}

fn spec(home: &Home) -> Result<StackSpec> {
    let harness = std::env::current_exe().map_err(system::Error::call("find the harness program"))?;
    let command = vec![harness.display().to_string(), COMMAND.to_owned(), home.path().display().to_string()];
    let process = ProcessSpec {
        // the engine that the containers were made on, even after the caller changes the docker context
        environment: BTreeMap::from([("DOCKER_HOST".to_owned(), connect::address()?.url)]),
        ready_log_line: Some(format!("^{WATCHING}$")),
        // it may be waiting for a server that it restarts
        shutdown: StopSpec { timeout_seconds: 2.0, ..StopSpec::default() },
        ..ProcessSpec::kept_running(command, home.infra_dir())
    };
    Ok(StackSpec {
        version: 1,
        stack: StackName::Infra.to_string(),
        home_id: home.id().to_owned(),
        network_map: PortMap::default(),
        environment: BTreeMap::new(),
        database: None,
        idle: None,
        processes: BTreeMap::from([(NAME.to_owned(), process)]),
    })
}
