//! `harness infra compose` and `harness infra pull`.

use super::connect::connect;
use super::{image, variables, wanted};
use crate::infra::error::docker::Result;
use crate::infra::record::InfraRecord;
use crate::report::{Events, InfraCompose, InfraPull};
use crate::system::Home;

/// The compose file of a home with everything put in but the passwords, as `docker compose config` prints it:
/// `docker compose -f FILE --env-file HOME/infra/compose/.env` takes it, and refuses it without the passwords.
pub fn resolved(home: &Home, record: &InfraRecord) -> Result<InfraCompose> {
    let wanted = wanted::without_secrets(home, record)?;
    let references: Vec<String> = variables::secrets(record).into_iter().map(variables::reference).collect();
    let file = wanted.document.resolved(&wanted.project.name, &references);
    Ok(InfraCompose { schema: "harness/infra-compose/1".to_owned(), file })
}

/// Pulls the image of every service again. Containers are replaced by the next `setup`.
pub async fn pull(home: &Home, record: &InfraRecord, events: &Events) -> Result<InfraPull> {
    let wanted = wanted::of(home, record)?;
    let docker = connect().await?;
    let mut images = Vec::new();
    for (name, service) in &wanted.document.services {
        image::pull(&docker, name, &service.image, events).await?;
        images.push(service.image.clone());
    }
    Ok(InfraPull { schema: "harness/infra-pull/1".to_owned(), images })
}
