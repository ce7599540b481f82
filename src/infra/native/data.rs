//! Removes the data of the native servers.

use std::fs;

use crate::infra::error::Result;
use crate::infra::processes;
use crate::project::Service;
use crate::system::{self, Home};

/// The directories of the servers' data.
pub(in crate::infra) fn data(home: &Home) -> Vec<String> {
    let paths = Service::ALL.into_iter().map(|service| home.infra_dir().join(service.name()));
    paths.filter(|path| path.exists()).map(|path| path.display().to_string()).collect()
}

/// Removes what the servers kept, and the stack's own config (it holds keys) and logs; returns the directories that
/// are gone. Programs that were downloaded stay: they are no data.
pub(in crate::infra) fn remove_data(home: &Home) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    for service in Service::ALL {
        let path = home.infra_dir().join(service.name());
        match fs::remove_dir_all(&path) {
            Ok(()) => removed.push(path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(system::Error::file("remove", &path)(error).into()),
        }
    }
    processes::forget(home)?;
    Ok(removed)
}
