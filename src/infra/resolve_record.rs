//! What the home runs: decided at the first `setup`, kept after it.
//!
//! While a record is settled only additions are made to it: a server that no project wanted before, a program that
//! was installed since. After `teardown --infra` everything is decided again, within what the kept data allows: the
//! credentials, the service user and PostgreSQL's major version stay.

use super::asked_engine::asked;
use super::credentials::Credentials;
use super::docker;
use super::docker_record::DockerRecord;
use super::error::Result;
use super::record::InfraRecord;
use super::servers::directories;
use super::servers::hosted::Hosted;
use super::servers::list::Hostings;
use super::servers::server::ResolveRequest;
use crate::project::{EngineChoice, InfraSettings, Service};
use crate::report::{Engine, Events};
use crate::system::{Home, ServiceUser};

/// Whether this project wants something that can be added to a settled record without a change for others.
pub(super) fn wants_more(record: &InfraRecord, settings: &InfraSettings) -> bool {
    let wants = |server: &dyn Hosted| server.is_missing(settings) || server.can_complete(record.engine);
    record.hostings.all().into_iter().any(wants)
        || record.engine == Engine::Docker && record.docker.added.is_none() && settings.compose.is_some()
}

/// The record that this home should have.
///
/// # Errors
/// The engine, a program or an extension is not available; a setting or URL cannot be used.
pub(super) async fn resolve_record(
    home: &Home,
    settings: &InfraSettings,
    extensions: &[String],
    previous: Option<InfraRecord>,
    events: &Events,
) -> Result<InfraRecord> {
    let mut record = match previous {
        Some(record) if record.settled => record,
        Some(record) => reopened(home, record, settings, events).await?,
        None => blank(home, None, settings, events).await?,
    };
    if let Some(user) = record.service_user.as_ref().filter(|_| record.engine == Engine::Native) {
        directories::open_way(home)?;
        user.check_can_enter(&home.infra_dir())?;
    }
    let default_images = match record.engine {
        Engine::Docker => docker::default_images(),
        Engine::Native => std::collections::BTreeMap::new(),
    };
    let (hostings, common) = record.split();
    let request = ResolveRequest { home, settings, extensions, common, default_images: &default_images, events };
    for server in hostings.all_mut() {
        server.resolve(&request).await?;
        server.complete(request.common.engine);
    }
    if let Some(path) = settings.compose.as_ref().filter(|_| record.docker.added.is_none()) {
        match record.engine {
            Engine::Docker => record.docker.added = Some(docker::read_added(home, &record, path)?),
            Engine::Native => {
                let text = format!("`{}` is ignored: its services need the docker engine", path.display());
                events.warning("infra", text);
            }
        }
    }
    Ok(record)
}

/// A record whose servers were torn down: what kept data depends on stays.
async fn reopened(home: &Home, record: InfraRecord, settings: &InfraSettings, events: &Events) -> Result<InfraRecord> {
    let mut wish = settings.clone();
    if record.served && wish.engine == EngineChoice::Auto {
        // the data stays where it is: `auto` chooses only where there is none
        wish.engine = match record.engine {
            Engine::Docker => EngineChoice::Docker,
            Engine::Native => EngineChoice::Native,
        };
    }
    let mut blank = blank(home, record.service_user, &wish, events).await?;
    if wish.engine != settings.engine {
        blank.engine_reason = "its data is there".to_owned();
    }
    let docker = DockerRecord { postgres_major: record.docker.postgres_major, ..blank.docker.clone() };
    Ok(InfraRecord { served: record.served, credentials: record.credentials, lost: record.lost, docker, ..blank })
}

/// A record in which no server is wanted yet.
async fn blank(
    home: &Home,
    service_user: Option<ServiceUser>,
    settings: &InfraSettings,
    events: &Events,
) -> Result<InfraRecord> {
    let (engine, engine_reason) = choose_engine(home, settings, events).await?;
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
        hostings: Hostings::none(),
        s3_makes_keys: false,
        lost: Vec::new(),
        docker: docker::decide(settings),
    })
}

/// Decides, and says why in one line. Docker is chosen only where every image is available or was pulled.
async fn choose_engine(home: &Home, settings: &InfraSettings, events: &Events) -> Result<(Engine, String)> {
    if let (EngineChoice::Auto, Some(engine)) = (settings.engine, asked(home)) {
        return Ok((engine, "`setup --engine` asked for it".to_owned()));
    }
    match settings.engine {
        EngineChoice::Native => Ok((Engine::Native, "the configuration asks for it".to_owned())),
        EngineChoice::Docker => Ok((Engine::Docker, "the configuration asks for it".to_owned())),
        EngineChoice::Auto => Ok(match docker::available(settings, events).await {
            Ok(reason) => (Engine::Docker, format!("engine = \"auto\": {reason}")),
            Err(error) => (Engine::Native, format!("engine = \"auto\": {error}")),
        }),
    }
}

/// Refuses extensions that the home's own server does not have, if this project needs the server at all.
///
/// # Errors
/// The server lacks one.
pub(super) fn check_extensions(record: &InfraRecord, settings: &InfraSettings, extensions: &[String]) -> Result<()> {
    match record.hostings.postgres.own() {
        Some(postgres) if !settings.service(Service::Postgres).disabled => postgres.check_extensions(extensions),
        _ => Ok(()),
    }
}
