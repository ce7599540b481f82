//! Brings the native servers up: directories, cluster, ports, supervisor, readiness.
//!
//! What runs is left alone; only what does not run is prepared and started.

use std::path::PathBuf;

use super::cluster::Cluster;
use super::{binaries, choice, directories, stack, wait};
use crate::infra::error::Result;
use crate::infra::record::InfraRecord;
use crate::infra::service;
use crate::report::Events;
use crate::supervisor::{self, Client, Phase};
use crate::system::{self, Home, StackName};

/// The services of the record that do not run and are not being started. What dead supervisors left is ended
/// first: it must not fight with what is started next.
pub(in crate::infra) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<&'static str>> {
    let directory = home.infra_dir();
    let snapshot = if let Some(client) = Client::take_charge(&directory).await? {
        Some(client.snapshot().await?)
    } else {
        supervisor::sweep(home.id(), &directory, &StackName::Infra.to_string())?;
        None
    };
    let runs = |name: &str| {
        let process = snapshot.as_ref().and_then(|snapshot| snapshot.processes.get(name));
        process.is_some_and(|process| {
            matches!(process.phase, Phase::Starting | Phase::Ready | Phase::Unhealthy | Phase::PortNotBound)
        })
    };
    let wanted = stack::of(home, record, &harness()?).processes;
    Ok(service::ALL.into_iter().filter(|name| wanted.contains_key(*name) && !runs(name)).collect())
}

/// Starts these services and waits until every server of the record answers.
pub(in crate::infra) async fn bring_up(
    home: &Home,
    record: &mut InfraRecord,
    services: &[&'static str],
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

/// Makes directories and the cluster of the services that are about to be started.
async fn prepare(home: &Home, record: &mut InfraRecord, missing: &[&str], events: &Events) -> Result<()> {
    let user = record.service_user.clone();
    let user = user.as_ref();
    directories::make(&home.infra_dir(), user.is_some())?;
    for name in missing {
        let directory = directories::of_service(home, name, user)?;
        match *name {
            service::DB => prepare_postgres(home, record, events).await?,
            service::BROWSER => directories::make_owned(&directory.join("run"), user)?,
            service::MAIL if record.hostings.mail.own().is_some_and(|mail| mail.program.is_some()) => {
                directories::make_owned(&directory.join("run"), user)?;
            }
            _ => directories::make(&directory.join("data"), false)?,
        }
    }
    Ok(())
}

async fn prepare_postgres(home: &Home, record: &mut InfraRecord, events: &Events) -> Result<()> {
    let user = record.service_user.clone();
    let credentials = record.credentials.clone();
    let Some(own) = record.hostings.postgres.own_mut() else { return Ok(()) };
    let Some(recorded) = own.binaries.clone() else { return Ok(()) };
    let binaries = match binaries::inspect(&recorded.bin_dir, user.as_ref()).await {
        Ok(found) if found.major == recorded.major => recorded,
        // removed or replaced since: another one of the same major version will do
        _ => choice::choose(home, &choice::BinariesWish::Auto, &[], user.as_ref(), events).await?,
    };
    own.binaries = Some(binaries.clone());
    let cluster =
        Cluster { home, record: own, credentials: &credentials, binaries: &binaries, user: user.as_ref(), events };
    let lost = cluster.prepare().await?;
    if let Some(lost) = lost {
        own.system_identifier = None;
        record.lost.push(lost);
    }
    // the next run must know of a lost cluster and of other programs even if this one ends here
    record.write(home)?;
    Ok(())
}
