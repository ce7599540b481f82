//! The part of an agent's stores in the verbs of `db`: kept, brought back, dropped and begun again with its database.

use super::store_pause::{Paused, Purpose};
use super::{Context, Record};
use crate::postgres::Error;
use crate::project::Project;
use crate::report::{Failure, SnapshotRow};
use crate::stores::{AgentStores, Snapshot};

/// The stores of an agent whose lease the caller holds.
pub(super) struct Stores<'a> {
    context: &'a Context,
    record: &'a Record,
    own: AgentStores,
    /// Those of which there is a copy.
    names: Vec<String>,
}

impl<'a> Stores<'a> {
    pub(super) fn of(context: &'a Context, record: &'a Record) -> Result<Self, Failure> {
        let own = AgentStores::of(&context.home, record.agent);
        let names = own.complete()?;
        Ok(Self { context, record, own, names })
    }

    /// Whether there is none, and no snapshot of any.
    pub(super) fn is_empty(&self) -> bool {
        !self.own.exist()
    }

    fn project(&self) -> Result<Project, Failure> {
        let project = self.context.project_at(&self.record.project_root)?;
        Ok(self.context.in_tree(&project, &self.record.tree)?)
    }

    async fn pause(&self, project: &Project, names: &[String], purpose: Purpose) -> Result<Paused, Failure> {
        Paused::begin(self.context, self.record, project, names, purpose).await
    }

    /// Keeps them under a name. `is_first` says that none of this name may be there: the database has one where it knows
    /// the name.
    pub(super) async fn snapshot(&self, name: &str, is_first: bool) -> Result<(), Failure> {
        if self.find(name)?.is_some() {
            if is_first {
                return Err(Error::SnapshotExists { agent: self.record.agent, name: name.to_owned() }.into());
            }
            // its database's was dropped, or never made
            self.own.drop_snapshot(name)?;
        }
        if self.names.is_empty() {
            return Ok(());
        }
        let paused = self.pause(&self.project()?, &self.names, Purpose::Copy).await?;
        let taken = self.own.take_snapshot(name).await;
        paused.end().await?;
        taken
    }

    /// Puts a snapshot in their place; nothing where it holds none of them.
    pub(super) async fn restore(&self, name: &str) -> Result<(), Failure> {
        let Some(snapshot) = self.find(name)? else { return Ok(()) };
        let project = self.project()?;
        let paused = self.pause(&project, &snapshot.stores, Purpose::Replace).await?;
        let restored = self.own.restore(&snapshot, &project.name).await;
        paused.end().await?;
        restored
    }

    /// Drops a snapshot; nothing where it holds none of them.
    pub(super) fn drop_snapshot(&self, name: &str) -> Result<(), Failure> {
        Ok(self.own.drop_snapshot(name)?)
    }

    /// Where there is no database, a snapshot is one of stores.
    pub(super) fn must_have(&self, name: &str) -> Result<(), Failure> {
        if self.find(name)?.is_some() {
            return Ok(());
        }
        let known = self.own.snapshots()?.into_iter().map(|one| one.name).collect();
        Err(Error::SnapshotMissing { agent: self.record.agent, name: name.to_owned(), known }.into())
    }

    /// Adds to the rows of the database what each holds of the stores; without a database, the rows are theirs.
    pub(super) fn list(&self, of_database: Option<Vec<SnapshotRow>>) -> Result<Vec<SnapshotRow>, Failure> {
        let own = self.own.snapshots()?;
        let Some(mut rows) = of_database else { return Ok(own.into_iter().map(row).collect()) };
        for row in &mut rows {
            if let Some(found) = own.iter().find(|one| one.name == row.name) {
                row.bytes += found.bytes;
                row.stores.clone_from(&found.stores);
            }
        }
        Ok(rows)
    }

    fn find(&self, name: &str) -> Result<Option<Snapshot>, Failure> {
        Ok(self.own.snapshots()?.into_iter().find(|one| one.name == name))
    }
}

fn row(found: Snapshot) -> SnapshotRow {
    let Snapshot { name, stores, bytes, made_at } = found;
    SnapshotRow { name, database: None, bytes, made_at, stores }
}
