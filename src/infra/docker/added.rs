//! A user's own compose file, whose services run beside harness's own.
//!
//! Its text is copied when the home is decided, so that what runs does not depend on which project's command
//! is next. It can use the variables of the home's own compose file, and none of the caller's environment: the
//! description must be the same at every call.

use std::path::Path;

use super::{autoheal, variables};
use crate::infra::compose::{self, ComposeFile};
use crate::infra::docker_record::{AddedFile, AddedService};
use crate::infra::error::docker::{Error, Result};
use crate::infra::record::InfraRecord;
use crate::project::Service;
use crate::system::Home;

/// Reads and checks a file.
///
/// # Errors
/// It cannot be read, is outside the subset that harness understands, or takes one of harness's own names.
pub(in crate::infra) fn read_added(home: &Home, record: &InfraRecord, path: &Path) -> Result<AddedFile> {
    let text =
        std::fs::read_to_string(path).map_err(|source| compose::Error::Unreadable { file: path.to_owned(), source })?;
    let added = AddedFile { path: path.to_owned(), text, services: Vec::new() };
    let variables = variables::of(home, record);
    let document = parse(&added, &|name| variables.get(name).cloned())?;
    let own = compose::own(&|name| variables.get(name).cloned())?;
    let taken = document.services.keys().find(|name| Service::of_name(name).is_some() || *name == autoheal::NAME);
    let taken = taken.or_else(|| document.volumes.keys().find(|name| own.volumes.contains_key(*name)));
    if let Some(name) = taken {
        return Err(Error::NameTaken { file: path.to_owned(), name: name.clone() });
    }
    let services = document
        .services
        .iter()
        .map(|(name, service)| AddedService {
            name: name.clone(),
            image: service.image.clone(),
            ports: service.ports.iter().map(|port| port.published).collect(),
        })
        .collect();
    Ok(AddedFile { services, ..added })
}

/// The document of a file that was copied.
pub(super) fn parse(added: &AddedFile, lookup: &dyn Fn(&str) -> Option<String>) -> Result<ComposeFile> {
    Ok(ComposeFile::parse(&added.path, &added.text, lookup)?)
}
