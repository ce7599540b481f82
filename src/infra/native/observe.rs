//! What the supervisor says of the servers.

use std::collections::BTreeMap;

use crate::infra::engine::Observation;
use crate::infra::error::Result;
use crate::supervisor::{Client, Phase};
use crate::system::Home;

/// Whether all of these processes are ready.
pub(in crate::infra) async fn is_up(home: &Home, services: &[&str]) -> Result<bool> {
    let Some(client) = Client::connect(&home.infra_dir())? else { return Ok(false) };
    let snapshot = client.snapshot().await?;
    Ok(services.iter().all(|name| snapshot.processes.get(*name).is_some_and(|process| process.phase == Phase::Ready)))
}

/// Every process of the stack; none where no supervisor runs.
pub(in crate::infra) async fn observe(home: &Home) -> Result<BTreeMap<String, Observation>> {
    let Some(client) = Client::connect(&home.infra_dir())? else { return Ok(BTreeMap::new()) };
    let observation = |process: &crate::supervisor::ProcessSnapshot| Observation {
        state: phase(process.phase),
        pid: process.process.as_ref().map(|identity| identity.pid),
        reason: process.reason.clone(),
    };
    let snapshot = client.snapshot().await?;
    Ok(snapshot.processes.iter().map(|(name, process)| (name.clone(), observation(process))).collect())
}

/// A phase as documents write it.
fn phase(phase: Phase) -> String {
    serde_json::to_value(phase).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
