//! `infra::ensure`: starts the servers that do not run. When all run it reads one file and asks the supervisor once.

use std::time::Duration;

use super::error::Result;
use super::open::Infra;
use super::record::InfraRecord;
use super::resolve_record::{check_extensions, resolve_record, wants_more};
use super::servers::hosted::Hosted;
use super::{answers, dispatch, drift, lost_record, s3_keys};
use crate::project::{InfraSettings, Service};
use crate::report::Events;
use crate::system::{FileLock, Holder, Home};

/// For the answer of a server that runs. It may be slow, or be restarted at this moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts the servers of this home that do not run, and returns how to reach them. `extensions` are those that the
/// project names: they take part in the choice of PostgreSQL; later calls check that it has them.
///
/// # Errors
/// A server is not available, does not start or does not answer; a port is taken; an extension is missing.
pub async fn ensure(home: &Home, settings: &InfraSettings, extensions: &[String], events: &Events) -> Result<Infra> {
    if let Some(record) = InfraRecord::read(home)?
        && InfraRecord::is_whole(home)
        && is_up(home, &record, settings).await?
    {
        answers::all_alive(&record, PATIENCE).await?;
        return finish(record, settings, extensions).await;
    }
    let _lock = lock(home, "set up infra", events).await?;
    let previous = whole(home, events)?;
    if previous.is_none() {
        lost_record::check_none(home).await?;
    }
    if let Some(record) = &previous
        && is_up(home, record, settings).await?
    {
        return finish(record.clone(), settings, extensions).await;
    }
    if let Some(record) = previous.as_ref().filter(|record| !record.settled) {
        // a first start that did not succeed: nothing uses it, and what is decided now may be something else
        let stopped = dispatch::take_down(home, record, events).await;
        if record.served {
            stopped?;
        }
    }
    let mut record = resolve_record(home, settings, extensions, previous.clone(), events).await?;
    check_extensions(&record, settings, extensions)?;
    say(&record, previous.as_ref(), events);
    start(home, &mut record, events).await?;
    finish(record, settings, extensions).await
}

/// Starts what is recorded, independent of any project's configuration; `None` when nothing is recorded, or when the
/// servers were never up: a start that failed once (an image that cannot be pulled) would only fail again.
/// For commands that need the servers to clean up after agents.
///
/// # Errors
/// A server cannot be started or reached.
pub async fn resume(home: &Home, events: &Events) -> Result<Option<Infra>> {
    let _lock = lock(home, "start infra", events).await?;
    let Some(mut record) = whole(home, events)?.filter(|record| record.served) else { return Ok(None) };
    if runs(home, &record).await? {
        answers::all_alive(&record, PATIENCE).await?;
    } else {
        start(home, &mut record, events).await?;
    }
    Ok(Some(Infra::of(record)?.looked_up().await))
}

/// The record, written again where it was lost or damaged. To be called under the lock.
fn whole(home: &Home, events: &Events) -> Result<Option<InfraRecord>> {
    let record = InfraRecord::read(home)?;
    if let Some(record) = record.as_ref().filter(|_| !InfraRecord::is_whole(home)) {
        record.write(home)?;
        let path = InfraRecord::path(home);
        events.warning("infra", format!("`{}` was lost or damaged, and is restored from its copy", path.display()));
    }
    Ok(record)
}

/// Held by the command that starts or stops the servers.
pub(super) async fn lock(home: &Home, purpose: &str, events: &Events) -> Result<FileLock> {
    let waiting = |holder: Option<Holder>| {
        // the other agents of the same command
        if holder.as_ref().is_some_and(|holder| holder.pid == std::process::id()) {
            return;
        }
        let who = holder.map_or_else(String::new, |holder| format!(" (pid {}, {})", holder.pid, holder.purpose));
        events.note("infra", format!("waiting for another command{who}"));
    };
    Ok(FileLock::acquire(&home.infra_dir().join("lock"), purpose, waiting).await?)
}

/// Starts what does not run. The record is written before anything is made that depends on it, but after the
/// ports were looked at, so that another choice of ports needs no teardown; it is settled when all is up.
async fn start(home: &Home, record: &mut InfraRecord, events: &Events) -> Result<()> {
    let services = dispatch::not_running(home, record).await?;
    dispatch::check_ports(record, &services).await?;
    record.write(home)?;
    dispatch::bring_up(home, record, &services, events).await?;
    s3_keys::look_up(record, events).await?;
    record.settled = true;
    record.served = true;
    record.write(home)?;
    Ok(())
}

async fn finish(record: InfraRecord, settings: &InfraSettings, extensions: &[String]) -> Result<Infra> {
    check_extensions(&record, settings, extensions)?;
    let drift = drift::of(&record, settings);
    let infra = Infra { drift, ..Infra::of(record)? }.seen_by(settings);
    Ok(infra.looked_up().await)
}

/// Whether nothing has to be done. The engine's word is enough: it probes.
async fn is_up(home: &Home, record: &InfraRecord, settings: &InfraSettings) -> Result<bool> {
    Ok(!wants_more(record, settings) && runs(home, record).await?)
}

/// Whether all that is recorded runs and is ready.
async fn runs(home: &Home, record: &InfraRecord) -> Result<bool> {
    if !record.settled {
        return Ok(false);
    }
    if !record.hostings.all().iter().all(|server| server.is_welcomed()) {
        return Ok(false);
    }
    let own: Vec<Service> = record.own_services().collect();
    Ok((own.is_empty() && record.added_services().is_empty()) || dispatch::is_up(home, record, &own).await?)
}

/// Says which engine and which programs a new decision chose, and why.
fn say(record: &InfraRecord, previous: Option<&InfraRecord>, events: &Events) {
    if previous.is_none_or(|previous| !previous.settled) {
        events.note("infra", format!("engine {}: {}", record.engine.as_str(), record.engine_reason));
    }
    let chosen = |record: &InfraRecord| record.hostings.all().map(Hosted::choice);
    let before = previous.map_or_else(Default::default, chosen);
    for (now, before) in chosen(record).into_iter().zip(before) {
        if let Some(choice) = now.filter(|now| before.as_ref() != Some(now)) {
            events.note("infra", choice);
        }
    }
}
