//! `infra::ensure`: all is up, or is brought up. When all is up it reads one file and asks the supervisor once.

use super::access::Infra;
use super::decision;
use super::drift;
use super::error::Result;
use super::record::{Hosting, InfraRecord};
use super::{engine, external, service};
use crate::bucket;
use crate::project::InfraSettings;
use crate::report::Events;
use crate::system::{FileLock, Holder, Home};

/// Sees to it that the servers of this home run, and says how to reach them. `extensions` are those that the
/// project names: they take part in the choice of PostgreSQL, and are checked against it ever after.
///
/// # Errors
/// A server cannot be had, started or reached; a port is taken; an extension is missing.
pub async fn ensure(home: &Home, settings: &InfraSettings, extensions: &[String], events: &Events) -> Result<Infra> {
    if let Some(record) = InfraRecord::read(home)?
        && is_up(home, &record, settings).await?
    {
        return finish(record, settings, extensions).await;
    }
    let _lock = lock(home, "set up infra", events).await?;
    let previous = InfraRecord::read(home)?;
    if let Some(record) = &previous
        && is_up(home, record, settings).await?
    {
        return finish(record.clone(), settings, extensions).await;
    }
    if let Some(record) = previous.as_ref().filter(|record| !record.settled) {
        // a first start that did not succeed: nobody uses it, and what is decided now may be something else
        let stopped = engine::take_down(home, record, events).await;
        if record.served {
            stopped?;
        }
    }
    let mut record = decision::decide(home, settings, extensions, previous.clone(), events).await?;
    decision::check_extensions(&record, wanted(settings, extensions))?;
    say(&record, previous.as_ref(), events);
    start(home, &mut record, events).await?;
    finish(record, settings, extensions).await
}

/// Sees to it that what is recorded runs, whatever any project wishes; `None` when nothing is recorded, or nothing of
/// it ever came up: to start it now (an image that cannot be pulled) could only be in the way.
/// For commands that need the servers to clean up after agents.
///
/// # Errors
/// A server cannot be started or reached.
pub async fn resume(home: &Home, events: &Events) -> Result<Option<Infra>> {
    let _lock = lock(home, "start infra", events).await?;
    let Some(mut record) = InfraRecord::read(home)?.filter(|record| record.served) else { return Ok(None) };
    if !runs(home, &record).await? {
        start(home, &mut record, events).await?;
    }
    Ok(Some(Infra::of(record)?.with_browser_socket().await))
}

/// Serialises whoever starts or stops the servers.
pub(super) async fn lock(home: &Home, purpose: &str, events: &Events) -> Result<FileLock> {
    let waiting = |holder: Option<Holder>| {
        let who = holder.map_or_else(String::new, |holder| format!(" (pid {}, {})", holder.pid, holder.purpose));
        events.note("infra", format!("waiting for another command{who}"));
    };
    Ok(FileLock::acquire(&home.infra_dir().join("lock"), purpose, waiting).await?)
}

/// Starts what does not run. The record is written before anything is made that depends on it, but after the
/// ports were looked at, so that another choice of ports needs no teardown; it is settled when all is up.
async fn start(home: &Home, record: &mut InfraRecord, events: &Events) -> Result<()> {
    let services = engine::not_running(home, record).await?;
    engine::check_ports(record, &services).await?;
    record.write(home)?;
    engine::bring_up(home, record, &services, events).await?;
    if let Hosting::External(url) = &record.hostings.s3 {
        let credentials = bucket::Credentials::of_external(&external::s3(url)?).await;
        record.s3_makes_keys = matches!(credentials, bucket::Credentials::Minio(_));
        if !record.s3_makes_keys {
            let text =
                "the external S3 server makes no keys: every agent is given those of its URL, which open all buckets";
            events.warning("infra", text);
        }
    }
    record.settled = true;
    record.served = true;
    record.write(home)?;
    Ok(())
}

/// The extensions that this project really needs of the home's server.
fn wanted<'a>(settings: &InfraSettings, extensions: &'a [String]) -> &'a [String] {
    if settings.postgres.service.disabled { &[] } else { extensions }
}

async fn finish(record: InfraRecord, settings: &InfraSettings, extensions: &[String]) -> Result<Infra> {
    decision::check_extensions(&record, wanted(settings, extensions))?;
    let drift = drift::of(&record, settings);
    let infra = Infra { drift, ..Infra::of(record)? }.seen_by(settings);
    Ok(infra.with_browser_socket().await)
}

/// Whether nothing has to be done. The engine's word is enough: it probes.
async fn is_up(home: &Home, record: &InfraRecord, settings: &InfraSettings) -> Result<bool> {
    Ok(!decision::wants_more(record, settings) && runs(home, record).await?)
}

/// Whether all that is recorded runs and is ready.
async fn runs(home: &Home, record: &InfraRecord) -> Result<bool> {
    if !record.settled {
        return Ok(false);
    }
    if record.hostings.postgres.own().is_some_and(|own| own.system_identifier.is_none()) {
        return Ok(false);
    }
    let own: Vec<&str> = service::ALL.into_iter().filter(|name| is_own(record, name)).collect();
    Ok(own.is_empty() || engine::is_up(home, record, &own).await?)
}

/// Whether the engine runs this service.
pub(super) fn is_own(record: &InfraRecord, name: &str) -> bool {
    match name {
        service::DB => matches!(record.hostings.postgres, Hosting::Own(_)),
        service::S3 => matches!(record.hostings.s3, Hosting::Own(_)),
        service::MAIL => matches!(record.hostings.mail, Hosting::Own(_)),
        service::BROWSER => record.hostings.browser.own().is_some_and(|browser| browser.runs(record.engine)),
        _ => record.added_services().iter().any(|added| added.name == name),
    }
}

/// Says which engine and which PostgreSQL a new decision chose, and why.
fn say(record: &InfraRecord, previous: Option<&InfraRecord>, events: &Events) {
    if previous.is_none_or(|previous| !previous.settled) {
        events.note("infra", format!("engine {}: {}", record.engine.as_str(), record.engine_reason));
    }
    let binaries = |record: &InfraRecord| record.hostings.postgres.own().and_then(|own| own.binaries.clone());
    if let Some(chosen) = binaries(record).filter(|chosen| previous.and_then(binaries).as_ref() != Some(chosen)) {
        let place = chosen.bin_dir.display();
        events.note("infra", format!("PostgreSQL {} in {place}: {}", chosen.version, chosen.reason));
    }
}
