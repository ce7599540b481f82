//! The watching process as a stack of the supervisor.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log::WATCHING;
use crate::infra::docker::connect;
use crate::infra::error::docker::Result;
use crate::infra::observation::Observation;
use crate::infra::processes;
use crate::report::ServerState;
use crate::supervisor::{self, Client, Phase, ProcessSpec, RestartSpec, StackSpec, StdinSpec, StopSpec};
use crate::system::{self, Home, StackName};

/// What the process is called, in the stack and wherever services are listed.
pub const NAME: &str = "autoheal";
/// The hidden command.
pub(super) const COMMAND: &str = "__autoheal";
/// For a process that is started to say so. The next command tries again.
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
    let process = ProcessSpec {
        command: vec![harness.display().to_string(), COMMAND.to_owned(), home.path().display().to_string()],
        working_dir: home.infra_dir(),
        // the very engine that the containers were made on, whatever is the caller's next context
        environment: BTreeMap::from([("DOCKER_HOST".to_owned(), connect::address()?.url)]),
        disabled: false,
        depends_on: BTreeMap::new(),
        readiness_probe: None,
        liveness_probe: None,
        ready_log_line: Some(format!("^{WATCHING}$")),
        error_log_line: None,
        ports: Vec::new(),
        restart: RestartSpec::Always,
        max_restarts: 0,
        // it may be waiting for a server that it restarts
        shutdown: StopSpec { timeout_seconds: 2.0, ..StopSpec::default() },
        watch: None,
        stdin: StdinSpec::Closed,
        tty: false,
        run_as: None,
    };
    Ok(StackSpec {
        version: 1,
        stack: StackName::Infra.to_string(),
        home_id: home.id().to_owned(),
        environment: BTreeMap::new(),
        processes: BTreeMap::from([(NAME.to_owned(), process)]),
    })
}
