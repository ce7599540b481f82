//! Brings the containers up: images, network, volumes, containers, readiness.
//!
//! Nothing is made before every image is present and every thing with our names is known to be ours, so that a
//! failed pull or a foreign thing of the same name leaves nothing incomplete.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;
use futures_util::future::try_join_all;

use super::apply::{Subject, apply, check_name};
use super::connect::connect;
use super::image::{self, Image};
use super::plan::{self, Action};
use super::{autoheal, observed, resources, variables, wait, wanted};
use crate::infra::answers;
use crate::infra::error::Result;
use crate::infra::record::InfraRecord;
use crate::infra::servers::postgres::PostgresRecord;
use crate::infra::servers::server::Server;
use crate::report::Events;
use crate::system::Home;

/// Of an image that does not say which PostgreSQL it holds.
const DEFAULT_POSTGRES_MAJOR: u32 = 18;

/// For a server that Docker calls unhealthy.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts what the record describes and does not run, and adds to the record what it learns.
pub(in crate::infra) async fn bring_up(home: &Home, record: &mut InfraRecord, events: &Events) -> Result<()> {
    let docker = connect().await?;
    let images = images(&docker, home, record, events).await?;
    let wanted = wanted::of(home, record)?;
    let project = &wanted.project;
    variables::write(home, &project.name, &wanted.variables)?;
    let there = observed::containers(&docker, project).await?;
    let mut actions = plan::of(&wanted.document.services, &images, &there);
    keep_those_that_answer(record, &mut actions).await;
    for (name, action) in &actions {
        if *action == Action::Create {
            check_name(&docker, project, name).await?;
        }
    }
    if actions.values().any(|action| matches!(action, Action::Create | Action::Recreate(..))) {
        resources::ensure(&docker, &wanted).await?;
    }
    record.docker.gateway = resources::network(&docker, project).await?.and_then(|network| network.gateway);
    let directory = variables::directory(home);
    let work = actions.iter().filter_map(|(name, action)| Some((name, action, action.verb()?)));
    try_join_all(work.map(async |(name, action, verb)| {
        let task = events.task("infra", format!("{verb} {name}"));
        if let Action::Recreate(_, reason) = action {
            task.detail(*reason);
        }
        let subject = Subject { name, service: &wanted.document.services[name], image_id: &images[name] };
        apply(&docker, project, &subject, action, &directory).await?;
        task.finish();
        Ok::<_, super::Error>(())
    }))
    .await?;
    wait::until_ready(&docker, project, record, events).await?;
    if wanted.document.services.is_empty() { Ok(()) } else { autoheal::ensure(home).await }
}

/// Docker calls a server unhealthy until its next look, which may be seconds after it came back: one that answers is
/// not restarted.
async fn keep_those_that_answer(record: &InfraRecord, actions: &mut BTreeMap<String, Action>) {
    for (name, action) in actions.iter_mut().filter(|(_, action)| matches!(action, Action::Restart(_))) {
        if answers::one(record, name, PATIENCE).await {
            *action = Action::Keep;
        }
    }
}

/// The id of every service's image; those that are missing are pulled, all at once.
async fn images(
    docker: &Docker,
    home: &Home,
    record: &mut InfraRecord,
    events: &Events,
) -> Result<BTreeMap<String, String>> {
    let wanted = wanted::of(home, record)?;
    let found: Vec<(String, Image)> = try_join_all(wanted.document.services.iter().map(async |(name, service)| {
        Ok::<_, super::Error>((name.clone(), image::ensure(docker, name, &service.image, events).await?))
    }))
    .await?;
    if let Some((_, database)) = found.iter().find(|(name, _)| name == PostgresRecord::NAME)
        && record.docker.postgres_major.is_none()
    {
        // where the volume is mounted depends on it, so that it is fixed with the volume's first use
        record.docker.postgres_major = Some(database.postgres_major.unwrap_or(DEFAULT_POSTGRES_MAJOR));
        record.write(home)?;
    }
    Ok(found.into_iter().map(|(name, image)| (name, image.id)).collect())
}
