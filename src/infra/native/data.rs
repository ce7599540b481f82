//! What becomes of the native servers' data when they are stopped.

use std::fs;

use crate::infra::error::Result;
use crate::infra::record::{InfraRecord, PostgresRecord};
use crate::infra::{processes, service};
use crate::project::Durability;
use crate::system::{self, Home};

/// Writes to the disk what PostgreSQL under `fast` did not wait for: a machine that is switched off next must
/// find it all.
pub(in crate::infra) fn settle_data(home: &Home, record: &InfraRecord) {
    let fast = record.hostings.postgres.own().is_some_and(|own| own.durability == Durability::Fast);
    if let (true, Ok(data)) = (fast, fs::File::open(PostgresRecord::data_dir(home))) {
        let _ = rustix::fs::syncfs(&data);
    }
}

/// Removes what the servers kept, and the stack's own config (it holds keys) and logs. Programs that were
/// downloaded stay: they are no data.
pub(in crate::infra) fn remove_data(home: &Home) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    for name in service::ALL {
        let path = home.infra_dir().join(name);
        match fs::remove_dir_all(&path) {
            Ok(()) => removed.push(path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(system::Error::file("remove", &path)(error).into()),
        }
    }
    processes::forget(home)?;
    Ok(removed)
}
