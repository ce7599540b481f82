//! Waits until every server answers, or the supervisor has given one up.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::infra::answers;
use crate::infra::error::{Error, Result};
use crate::infra::record::InfraRecord;
use crate::project::Service;
use crate::report::Events;
use crate::supervisor::{self, Client, Phase};
use crate::system::Home;

/// Waits until every server answers, or one is given up.
pub(super) async fn until_ready(home: &Home, record: &mut InfraRecord, events: &Events) -> Result<()> {
    let directory = home.infra_dir();
    tokio::select! {
        outcome = answers::all(record, events) => outcome.map_err(|unanswered| {
            let tail = tail(home, unanswered.service);
            unanswered.into_error(tail)
        })?,
        error = given_up(home, &directory) => return Err(error),
    };
    seen_by_supervisor(&directory).await
}

/// Waits until the supervisor has seen it too: the next command asks only the supervisor.
async fn seen_by_supervisor(directory: &Path) -> Result<()> {
    if let Some(client) = Client::connect(directory)? {
        let limit = Duration::from_secs(5);
        client.wait_until(limit, |stack| stack.processes.values().all(|process| process.phase == Phase::Ready)).await?;
    }
    Ok(())
}

/// Ends when the supervisor has given a server up, or has restarted one repeatedly; else never.
async fn given_up(home: &Home, directory: &Path) -> Error {
    let mut generation = 0;
    let mut restarts: BTreeMap<&str, u32> = BTreeMap::new();
    loop {
        // an external server has no supervisor, and a supervisor that is being replaced is no reason either
        let Ok(Some(client)) = Client::connect(directory) else {
            tokio::time::sleep(Duration::from_millis(250)).await;
            continue;
        };
        let Ok(snapshot) = client.changed(generation, Duration::from_secs(1)).await else {
            tokio::time::sleep(Duration::from_millis(250)).await;
            continue;
        };
        generation = snapshot.generation;
        for service in Service::ALL.map(Service::name) {
            let Some(process) = snapshot.processes.get(service) else { continue };
            // those from before this start do not count
            let before = *restarts.entry(service).or_insert(process.restarts);
            let hopeless = matches!(process.phase, Phase::Failed | Phase::PortConflict | Phase::DependencyFailed)
                || (process.phase == Phase::Backoff && process.restarts >= before + 2);
            if hopeless {
                let reason = process.reason.clone().unwrap_or_else(|| "it ended".to_owned());
                return Error::ServiceFailed { service, reason, tail: tail(home, service) };
            }
        }
    }
}

/// The last lines of a server's log.
fn tail(home: &Home, service: &str) -> Vec<String> {
    supervisor::logs::last_lines(&home.infra_dir(), service, 20)
}
