//! Snapshots of an agent's stores: all of them together, under one name.

use std::path::{Path, PathBuf};

use super::copy::{copy, names, remove, size};
use super::data::{AgentStores, Mark};
use super::files::WriteLocks;
use crate::report::Failure;
use crate::system;

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The name it was given.
    pub name: String,
    /// The stores that it holds.
    pub stores: Vec<String>,
    /// What its files take on disk.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: Option<String>,
}

impl AgentStores {
    /// The snapshots, by name.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn snapshots(&self) -> system::Result<Vec<Snapshot>> {
        let mut found = Vec::new();
        for name in names(&self.snapshots)?.into_iter().filter(|name| !name.starts_with('.')) {
            let directory = self.snapshots.join(&name);
            let stores = names(&directory)?;
            let marks = stores.first().map(|store| Mark::read(&directory.join(store))).transpose()?.flatten();
            found.push(Snapshot { stores, bytes: size(&directory), made_at: marks.map(|mark| mark.made_at), name });
        }
        Ok(found)
    }

    /// Keeps what all stores hold now. No server of theirs may run; files of SQLite may be in use.
    ///
    /// # Errors
    /// They cannot be copied, or a program keeps a file locked; then there is no snapshot.
    pub async fn take_snapshot(&self, name: &str) -> Result<(), Failure> {
        self.mend().await?;
        let partial = self.partial_snapshot();
        system::create_private_dir(&self.snapshots, 0o700)?;
        system::create_private_dir(&partial, 0o700)?;
        let taken = async {
            for store in self.complete()? {
                let unit = partial.join(&store);
                let locks = WriteLocks::take(&store, &self.data(&store))?;
                copy(&store, &self.current(&store), &unit, &self.marker).await?;
                drop(locks);
                if let Some(mark) = Mark::read(&unit)? {
                    Mark { made_at: super::data::now(), ..mark }.write(&unit)?;
                }
            }
            let target = self.snapshots.join(name);
            Ok::<_, Failure>(std::fs::rename(&partial, &target).map_err(system::Error::file("create", &target))?)
        };
        let taken = taken.await;
        if taken.is_err() {
            remove(&partial)?;
        }
        taken
    }

    /// Puts what a snapshot holds in the place of the stores. Nothing of theirs may run or be in use.
    ///
    /// # Errors
    /// It cannot be copied; then each store holds what it held, or what the snapshot holds.
    pub async fn restore(&self, snapshot: &Snapshot, project: &str) -> Result<(), Failure> {
        self.mend().await?;
        for store in &snapshot.stores {
            self.make(store, project, Some(&self.of_snapshot(&snapshot.name, store))).await?;
        }
        Ok(())
    }

    fn of_snapshot(&self, name: &str, store: &str) -> PathBuf {
        self.snapshots.join(name).join(store)
    }

    /// Removes a snapshot; nothing where there is none.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn drop_snapshot(&self, name: &str) -> system::Result<()> {
        let directory: &Path = &self.snapshots.join(name);
        if !directory.exists() {
            return Ok(());
        }
        // cut off half-way, what is left is no snapshot
        let partial = self.partial_snapshot();
        remove(&partial)?;
        std::fs::rename(directory, &partial).map_err(system::Error::file("remove", directory))?;
        remove(&partial)
    }
}
