//! What should run: the compose file with the record's variables, without the services that the home does not run
//! itself.

use super::added;
use super::compose::{self, ComposeFile, Source};
use super::error::Result;
use super::names::Project;
use super::variables::{self, Variables};
use crate::infra::ensure::is_own;
use crate::infra::record::InfraRecord;
use crate::infra::service;
use crate::system::Home;

/// The document of a home, and under which project's name it runs.
pub(super) struct Wanted {
    pub(super) project: Project,
    pub(super) document: ComposeFile,
    pub(super) variables: Variables,
}

/// What a record describes.
pub(super) fn of(home: &Home, record: &InfraRecord) -> Result<Wanted> {
    let variables = variables::of(home, record);
    let document = document(record, &variables)?;
    let project = Project::of(home, record);
    Ok(Wanted { project, document, variables })
}

/// The same for people: passwords stay references to their variables.
pub(super) fn without_secrets(home: &Home, record: &InfraRecord) -> Result<Wanted> {
    let mut wanted = of(home, record)?;
    let mut shown = wanted.variables.clone();
    for name in variables::SECRETS {
        shown.insert(name, format!("${{{name}}}"));
    }
    wanted.document = document(record, &shown)?;
    Ok(wanted)
}

fn document(record: &InfraRecord, variables: &Variables) -> Result<ComposeFile> {
    let mut document = compose::own(&|name| variables.get(name).cloned())?;
    if let Some(file) = &record.docker.added {
        let added = added::parse(file, &|name| variables.get(name).cloned())?;
        document.services.extend(added.services);
        document.volumes.extend(added.volumes);
    }
    document.services.retain(|name, _| is_own(record, name));
    if let (Some(database), Some(own)) = (document.services.get_mut(service::DB), record.hostings.postgres.own()) {
        let command = database.command.get_or_insert_default();
        for (name, value) in &own.settings {
            command.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
    }
    let used: Vec<String> = document
        .services
        .values()
        .flat_map(|service| &service.mounts)
        .filter_map(|mount| match &mount.source {
            Source::Volume(name) => Some(name.clone()),
            Source::Bind(_) => None,
        })
        .collect();
    document.volumes.retain(|name, _| used.contains(name));
    Ok(document)
}
