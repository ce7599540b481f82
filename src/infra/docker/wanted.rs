//! What should run: the compose file with the record's variables, without the services that the home does not run
//! itself.

use super::added;
use super::names::Project;
use super::variables::{self, Variables};
use crate::infra::compose::{self, ComposeFile, Source};
use crate::infra::error::docker::Result;
use crate::infra::record::InfraRecord;
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

/// The same to be printed: passwords stay references to their variables.
pub(super) fn without_secrets(home: &Home, record: &InfraRecord) -> Result<Wanted> {
    let mut wanted = of(home, record)?;
    let mut shown = wanted.variables.clone();
    for name in variables::secrets(record) {
        shown.insert(name.to_owned(), variables::reference(name));
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
    let names = record.service_names();
    document.services.retain(|name, _| names.contains(name));
    for server in record.hostings.all() {
        let arguments = server.compose_arguments();
        if let Some(service) = document.services.get_mut(server.name()).filter(|_| !arguments.is_empty()) {
            service.command.get_or_insert_default().extend(arguments);
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
