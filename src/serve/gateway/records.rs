//! The table, kept as the agents' records are: read again when the watcher of the home has seen a sign, and then only
//! what was written since.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use tokio::sync::watch;

use super::table::Table;
use crate::agent::{Lifecycle, Record};
use crate::project::AgentId;
use crate::system::Home;

/// The table as it is now, for requests, which never wait for a file.
#[derive(Default)]
pub(super) struct Names(RwLock<Arc<Table>>);

impl Names {
    pub(super) fn now(&self) -> Arc<Table> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the records, and again with each sign, until there can be none any more.
    pub(super) async fn follow(&self, home: Home, mut signs: watch::Receiver<()>) {
        let mut records = Records::default();
        loop {
            signs.mark_unchanged();
            if records.read(&home) {
                let table = Arc::new(Table::of(records.present()));
                *self.0.write().unwrap_or_else(PoisonError::into_inner) = table;
            }
            if signs.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// The records that were read, and when each was written.
#[derive(Default)]
struct Records(BTreeMap<u8, (SystemTime, Option<Record>)>);

impl Records {
    /// Reads what was written since; says whether anything was.
    fn read(&mut self, home: &Home) -> bool {
        let mut changed = false;
        let mut now = BTreeMap::new();
        for id in home.agents().unwrap_or_default() {
            let Ok(agent) = AgentId::try_from(id) else { continue };
            let written = Record::path(home, agent).metadata().and_then(|metadata| metadata.modified());
            let Ok(written) = written else { continue };
            let known = self.0.remove(&id).filter(|(time, _)| *time == written);
            changed |= known.is_none();
            // one that cannot be read is read again once it is written again
            let read = || (written, Record::read(home, agent).ok().flatten());
            now.insert(id, known.unwrap_or_else(read));
        }
        // those that are left have gone
        changed |= !self.0.is_empty();
        self.0 = now;
        changed
    }

    fn present(&self) -> impl Iterator<Item = &Record> + Clone {
        let records = self.0.values().filter_map(|(_, record)| record.as_ref());
        records.filter(|record| record.lifecycle != Lifecycle::TearingDown)
    }
}
