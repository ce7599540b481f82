//! Stops the native servers and proves it; removes their data when asked.

use std::fs;

use crate::infra::error::{Error, Result};
use crate::infra::record::{InfraRecord, PostgresRecord};
use crate::infra::service;
use crate::project::Durability;
use crate::report::Events;
use crate::supervisor::{self, Client};
use crate::system::{self, Home, StackName};

/// Stops every process of the stack; returns the names of those that ran.
pub(in crate::infra) async fn take_down(home: &Home, events: &Events) -> Result<Vec<String>> {
    let directory = home.infra_dir();
    let mut stopped = Vec::new();
    let mut survivors = Vec::new();
    if let Some(client) = Client::connect(&directory)? {
        let task = events.task("infra", "stop the servers");
        let snapshot = client.snapshot().await?;
        stopped.extend(snapshot.processes.into_iter().filter(|(_, it)| it.process.is_some()).map(|(name, _)| name));
        let report = client.shutdown().await?;
        survivors.extend(report.survivors.iter().map(|left| {
            let pid = left.identity.as_ref().map_or_else(|| "?".to_owned(), |identity| identity.pid.to_string());
            format!("{}: pid {pid} `{}` {:?}", left.process, left.command, left.ports)
        }));
        task.finish();
    }
    let report = supervisor::sweep(home.id(), &directory, &StackName::Infra.to_string())?;
    survivors.extend(report.survivors.iter().map(|left| format!("pid {}", left.pid)));
    if !survivors.is_empty() {
        return Err(Error::Survivors { survivors });
    }
    Ok(stopped)
}

/// Writes to the disk what PostgreSQL under `fast` did not wait for: a machine that is switched off next must
/// find it all.
pub(in crate::infra) fn settle_data(home: &Home, record: &InfraRecord) {
    let fast = record.postgres.own().is_some_and(|own| own.durability == Durability::Fast);
    if let (true, Ok(data)) = (fast, fs::File::open(PostgresRecord::data_dir(home))) {
        let _ = rustix::fs::syncfs(&data);
    }
}

/// Removes what the servers kept, and the stack's own config (it holds keys) and logs. Programs that were
/// downloaded stay: they are no data.
pub(in crate::infra) fn remove_data(home: &Home) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    for name in service::ALL {
        let path = home.infra_dir().join(name);
        match fs::remove_dir_all(&path) {
            Ok(()) => removed.push(path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(system::Error::file("remove", &path)(error).into()),
        }
    }
    let directory = home.infra_dir();
    system::remove_if_exists(&directory.join("processes.toml"))?;
    let logs = directory.join("logs");
    if logs.exists() {
        fs::remove_dir_all(&logs).map_err(system::Error::file("remove", &logs))?;
    }
    Ok(removed)
}
