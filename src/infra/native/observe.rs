//! What the supervisor says of the servers.

use crate::infra::error::Result;
use crate::project::Service;
use crate::supervisor::{Client, Phase};
use crate::system::Home;

/// Whether all of these processes are ready.
pub(in crate::infra) async fn is_up(home: &Home, services: &[Service]) -> Result<bool> {
    let Some(client) = Client::take_charge(&home.infra_dir()).await? else { return Ok(false) };
    let Some(snapshot) = client.state().await? else { return Ok(false) };
    Ok(services
        .iter()
        .all(|service| snapshot.processes.get(service.name()).is_some_and(|process| process.phase == Phase::Ready)))
}
