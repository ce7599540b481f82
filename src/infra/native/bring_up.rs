//! Brings the native servers up: directories, cluster, ports, supervisor, readiness.
//!
//! What runs is left alone; only what does not run is prepared and started.

use std::path::PathBuf;

use super::{stack, wait};
use crate::infra::error::Result;
use crate::infra::record::InfraRecord;
use crate::infra::servers::directories;
use crate::project::Service;
use crate::report::Events;
use crate::supervisor::{self, Client, Phase};
use crate::system::{self, Home, StackName};

/// The services of the record that do not run and are not being started. What dead supervisors left is ended
/// first: it would hold the ports of what is started next.
pub(in crate::infra) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<Service>> {
    let directory = home.infra_dir();
    let snapshot = match Client::take_charge(&directory).await? {
        Some(client) => client.state().await?,
        None => None,
    };
    if snapshot.is_none() {
        supervisor::sweep(home.id(), &directory, &StackName::Infra.to_string()).await?;
    }
    let runs = |name: &str| {
        let process = snapshot.as_ref().and_then(|snapshot| snapshot.processes.get(name));
        process.is_some_and(|process| {
            matches!(process.phase, Phase::Starting | Phase::Ready | Phase::Unhealthy | Phase::PortNotBound)
        })
    };
    let wanted = stack::of(home, record, &harness()?).processes;
    let down = |service: &Service| wanted.contains_key(service.name()) && !runs(service.name());
    Ok(Service::ALL.into_iter().filter(down).collect())
}

/// Starts these services and waits until every server of the record answers.
pub(in crate::infra) async fn bring_up(
    home: &Home,
    record: &mut InfraRecord,
    services: &[Service],
    events: &Events,
) -> Result<()> {
    prepare(home, record, services, events).await?;
    if !services.is_empty() {
        // rendered after the preparation, which may have found programs elsewhere
        supervisor::start(&home.infra_dir(), &stack::of(home, record, &harness()?)).await?;
    }
    Box::pin(wait::until_ready(home, record, events)).await
}

/// The program that serves S3 and mail.
fn harness() -> Result<PathBuf> {
    Ok(std::env::current_exe().map_err(system::Error::call("find the harness program"))?)
}

/// Makes directories and data of the servers that are about to be started.
async fn prepare(home: &Home, record: &mut InfraRecord, services: &[Service], events: &Events) -> Result<()> {
    directories::make(&home.infra_dir(), record.service_user.is_some())?;
    for service in services {
        let before = record.hostings.clone();
        let (hostings, common) = record.split();
        let lost = hostings.get_mut(*service).prepare(home, &common, events).await?;
        let changed = lost.is_some() || record.hostings != before;
        record.lost.extend(lost);
        if changed {
            // the next run must know of lost data and of other programs even if this one ends here
            record.write(home)?;
        }
    }
    Ok(())
}
