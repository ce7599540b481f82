//! What the home gets: made at the first `setup`, kept after it.
//!
//! While a record is settled only additions are made to it: a service that nobody wanted before, a Chromium
//! that was installed since. After `teardown --infra` everything is decided anew, within what the kept data
//! allows: the credentials, the service user and PostgreSQL's major version stay.

use super::error::{Error, Result};
use super::record::{
    BinariesRecord, BrowserRecord, Credentials, DockerRecord, Engine, Hosting, Hostings, InfraRecord, MailRecord,
    PostgresRecord, S3Record,
};
use super::{docker, engine, external, native, service};
use crate::postgres::packages;
use crate::project::{EngineChoice, InfraSettings, ServiceSettings};
use crate::report::Events;
use crate::system::{Home, Secret, ServiceUser};

/// Whether this project wants something that can be added to a settled record without a change for others.
pub(super) fn wants_more(record: &InfraRecord, settings: &InfraSettings) -> bool {
    missing(&record.hostings.postgres, &settings.postgres.service)
        || missing(&record.hostings.s3, &settings.s3)
        || missing(&record.hostings.mail, &settings.mail)
        || missing(&record.hostings.browser, &settings.browser)
        || record.engine == Engine::Docker && record.docker.added.is_none() && settings.compose.is_some()
        || record.hostings.browser.own().is_some_and(|browser| browser.program.is_none())
            && record.engine == Engine::Native
            && native::find_chromium().is_some()
}

fn missing<T>(place: &Hosting<T>, settings: &ServiceSettings) -> bool {
    matches!(place, Hosting::Disabled) && !settings.disabled
}

/// The record that this home should have.
pub(super) async fn decide(
    home: &Home,
    settings: &InfraSettings,
    extensions: &[String],
    previous: Option<InfraRecord>,
    events: &Events,
) -> Result<InfraRecord> {
    let mut record = match previous {
        Some(record) if record.settled => record,
        Some(record) => {
            let mut wish = settings.clone();
            if record.served && wish.engine == EngineChoice::Auto {
                // data does not move with the weather: `auto` is only asked where there is none
                wish.engine = match record.engine {
                    Engine::Docker => EngineChoice::Docker,
                    Engine::Native => EngineChoice::Native,
                };
            }
            let mut blank = blank(record.service_user, &wish, events).await?;
            if wish.engine != settings.engine {
                blank.engine_reason = "its data is there".to_owned();
            }
            let docker = DockerRecord { postgres_major: record.docker.postgres_major, ..blank.docker.clone() };
            InfraRecord { served: record.served, credentials: record.credentials, lost: record.lost, docker, ..blank }
        }
        None => blank(None, settings, events).await?,
    };
    if let Some(user) = record.service_user.as_ref().filter(|_| record.engine == Engine::Native) {
        native::open_way(home)?;
        user.check_can_enter(&home.infra_dir())?;
    }
    if missing(&record.hostings.postgres, &settings.postgres.service) {
        record.hostings.postgres = match &settings.postgres.service.url {
            Some(url) => given(url, external::postgres)?,
            None => Hosting::Own(postgres(home, settings, extensions, &record, events).await?),
        };
    }
    if missing(&record.hostings.s3, &settings.s3) {
        record.hostings.s3 = match &settings.s3.url {
            Some(url) => given(url, external::s3)?,
            None => Hosting::Own(S3Record {
                port: settings.ports.s3,
                console_port: settings.ports.s3_console,
                image: image(&record, service::S3, &settings.s3),
            }),
        };
    }
    if missing(&record.hostings.mail, &settings.mail) {
        record.hostings.mail = match &settings.mail.url {
            Some(url) => given(url, external::mail)?,
            None => Hosting::Own(MailRecord {
                smtp_port: settings.ports.smtp,
                web_port: settings.ports.mail_web,
                program: native::find_mailpit(),
                image: image(&record, service::MAIL, &settings.mail),
            }),
        };
    }
    if missing(&record.hostings.browser, &settings.browser) {
        record.hostings.browser = match &settings.browser.url {
            Some(url) => given(url, external::browser)?,
            None => Hosting::Own(BrowserRecord {
                port: settings.ports.browser,
                program: None,
                image: image(&record, service::BROWSER, &settings.browser),
            }),
        };
        if record.engine == Engine::Native
            && record.hostings.browser.own().is_some()
            && native::find_chromium().is_none()
        {
            events.note("infra", "no Chromium found on PATH: there is no browser for the agents");
        }
    }
    if let Some(path) = settings.compose.as_ref().filter(|_| record.docker.added.is_none()) {
        match record.engine {
            Engine::Docker => record.docker.added = Some(docker::read_added(home, &record, path)?),
            Engine::Native => {
                let text = format!("`{}` is not used: its services need the docker engine", path.display());
                events.warning("infra", text);
            }
        }
    }
    let is_native = record.engine == Engine::Native;
    if let Some(browser) = record.hostings.browser.own_mut().filter(|browser| is_native && browser.program.is_none()) {
        browser.program = native::find_chromium();
    }
    Ok(record)
}

/// A record in which nothing is wanted yet.
async fn blank(service_user: Option<ServiceUser>, settings: &InfraSettings, events: &Events) -> Result<InfraRecord> {
    let (engine, engine_reason) = engine::choose(settings, events).await?;
    let service_user = match engine {
        Engine::Native if service_user.is_none() => ServiceUser::choose()?,
        _ => service_user,
    };
    Ok(InfraRecord {
        engine,
        engine_reason,
        settled: false,
        served: false,
        service_user,
        credentials: Credentials::generate(),
        hostings: Hostings {
            postgres: Hosting::Disabled,
            s3: Hosting::Disabled,
            mail: Hosting::Disabled,
            browser: Hosting::Disabled,
        },
        s3_makes_keys: false,
        lost: Vec::new(),
        docker: docker::decide(settings),
    })
}

/// The image of a container: the default is written down too, so that a newer harness does not bring another
/// major version of PostgreSQL over kept data.
fn image(record: &InfraRecord, service: &str, settings: &ServiceSettings) -> Option<String> {
    match record.engine {
        Engine::Native => None,
        Engine::Docker => settings.image.clone().or_else(|| docker::default_image(service)),
    }
}

/// An external server whose URL makes sense.
fn given<T, E>(url: &str, parse: impl Fn(&Secret) -> Result<E>) -> Result<Hosting<T>> {
    let url = Secret::new(url);
    parse(&url)?;
    Ok(Hosting::External(url))
}

async fn postgres(
    home: &Home,
    settings: &InfraSettings,
    extensions: &[String],
    record: &InfraRecord,
    events: &Events,
) -> Result<PostgresRecord> {
    native::check_settings(&settings.postgres.settings)?;
    let binaries = match record.engine {
        Engine::Native => {
            let wish = native::BinariesWish::of(&settings.postgres)?;
            Some(native::choose(home, &wish, extensions, record.service_user.as_ref(), events).await?)
        }
        Engine::Docker => None,
    };
    Ok(PostgresRecord {
        port: settings.ports.postgres,
        durability: settings.postgres.durability,
        settings: settings.postgres.settings.clone(),
        system_identifier: None,
        binaries,
        image: image(record, service::DB, &settings.postgres.service),
    })
}

/// Refuses extensions that the home's own server does not have.
pub(super) fn check_extensions(record: &InfraRecord, extensions: &[String]) -> Result<()> {
    let Some(postgres) = record.hostings.postgres.own() else { return Ok(()) };
    let missing: Vec<String> = extensions.iter().filter(|name| !postgres.offers(name)).cloned().collect();
    match &postgres.binaries {
        Some(BinariesRecord { version, major, .. }) if !missing.is_empty() => Err(Error::ServerLacksExtension {
            version: version.clone(),
            packages: packages(*major, &missing),
            extensions: missing,
        }),
        _ => Ok(()),
    }
}
