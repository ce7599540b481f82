//! The home's own stack of processes, `infra`, whichever engine: the servers of the native engine, or the process that
//! watches the containers of the other.

use std::collections::BTreeMap;
use std::fs;

use super::error::{Error, Result};
use super::observation::Observation;
use crate::postgres::background;
use crate::report::{Events, ServerState};
use crate::supervisor::{self, Client, ProcessSnapshot};
use crate::system::{self, Home, StackName};

/// Every process of the stack; where no supervisor runs, those that one has left.
pub(super) async fn observe(home: &Home) -> Result<BTreeMap<String, Observation>> {
    let Some(client) = Client::look(&home.infra_dir())? else { return Ok(unsupervised(home)) };
    let observation = |process: &ProcessSnapshot| Observation {
        state: process.phase.into(),
        pid: process.process.as_ref().map(|identity| identity.pid),
        reason: process.reason.clone(),
    };
    let Some(snapshot) = client.state().await? else { return Ok(unsupervised(home)) };
    Ok(snapshot.processes.iter().map(|(name, process)| (name.clone(), observation(process))).collect())
}

/// Servers that outlived their supervisor and its guardian: they serve, and nobody would restart them.
fn unsupervised(home: &Home) -> BTreeMap<String, Observation> {
    let observation = |pid: u32| Observation {
        state: ServerState::Unsupervised,
        pid: Some(pid),
        reason: Some("its supervisor was killed; `harness setup` starts it again under a new one".to_owned()),
    };
    supervisor::survivors(&home.infra_dir()).into_iter().map(|(name, it)| (name, observation(it.pid))).collect()
}

/// The names of the processes that run.
pub(super) async fn running(home: &Home) -> Result<Vec<String>> {
    Ok(observe(home).await?.into_iter().filter(|(_, it)| it.pid.is_some()).map(|(name, _)| name).collect())
}

/// Stops every process of the stack; returns the names of those that ran.
pub(super) async fn take_down(home: &Home, events: &Events) -> Result<Vec<String>> {
    let directory = home.infra_dir();
    let mut stopped: Vec<String> = supervisor::survivors(&directory).into_keys().collect();
    let mut survivors = Vec::new();
    let stack = StackName::Infra.to_string();
    if let Some(client) = Client::take_charge(&directory).await? {
        let task = events.task("infra", "stop the servers");
        let report = async {
            let snapshot = client.snapshot().await?;
            stopped.clear();
            stopped.extend(snapshot.processes.into_iter().filter(|(_, it)| it.process.is_some()).map(|(name, _)| name));
            client.shutdown().await
        };
        match report.await {
            Ok(report) => survivors.extend(report.survivors.iter().map(|left| {
                let pid = left.identity.as_ref().map_or_else(|| "?".to_owned(), |identity| identity.pid.to_string());
                format!("{}: pid {pid} `{}` {:?}", left.process, left.command, left.ports)
            })),
            Err(error) if error.is_silent() => {
                events.warning("infra", format!("{error}; ending it with the servers"));
                supervisor::end_silent(home.id(), &directory, &stack).await?;
            }
            // it died meanwhile: what it leaves is swept
            Err(error) if error.is_ending() => {}
            Err(error) => return Err(error.into()),
        }
        task.finish();
    }
    let report = supervisor::sweep(home.id(), &directory, &stack).await?;
    survivors.extend(report.survivors.iter().map(|left| format!("pid {}", left.pid)));
    if !survivors.is_empty() {
        return Err(Error::Survivors { survivors });
    }
    Ok(stopped)
}

/// Removes what the stack left on the disk: its config (it holds keys) and its logs, also those of work in the background.
pub(super) fn forget(home: &Home) -> Result<()> {
    let directory = home.infra_dir();
    system::remove_if_exists(&directory.join("processes.toml"))?;
    for log in [background::SPARES_LOG, background::DROP_LOG] {
        system::remove_if_exists(&directory.join(log))?;
    }
    let logs = directory.join("logs");
    if logs.exists() {
        fs::remove_dir_all(&logs).map_err(system::Error::file("remove", &logs))?;
    }
    Ok(())
}
