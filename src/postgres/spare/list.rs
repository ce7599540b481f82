//! The spares that are on a server.

use super::super::Result;
use super::super::connection::Connection;
use super::super::mark::{Facts, Mark, OwnedKind};
use super::super::objects::{Database, databases};

/// What a spare is called while it is copied.
const BUILDING: &str = "_building";

/// A spare, or what is there of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spare {
    /// The name of its role, and of its database when that is complete.
    pub(super) name: String,
    pub(super) project: String,
    /// Unknown where its copy was cut off.
    pub(super) template: Option<String>,
    pub(super) complete: bool,
    /// How long its copy took.
    pub(super) clone_ms: Option<u64>,
}

impl Spare {
    fn of(database: &Database, home: &str) -> Option<Self> {
        // both: an agent can write a comment on a database of its own, but not on a role
        let is_spare = |mark: Option<Mark>| mark.filter(|mark| mark.kind == OwnedKind::Spare);
        is_spare(database.owner_mark(home))?;
        let mark = is_spare(database.mark(home))?;
        let name = database.name.strip_suffix(BUILDING);
        let complete = name.is_none() && database.valid && !database.open;
        let name = name.unwrap_or(&database.name).to_owned();
        let Facts { template, clone_ms, .. } = database.facts();
        Some(Self { name, project: mark.project, template, complete, clone_ms })
    }

    pub(super) fn is_of(&self, template: &str) -> bool {
        self.complete && self.template.as_deref() == Some(template)
    }
}

/// The spares among these databases, oldest first.
pub(super) fn spares(databases: &[Database], home: &str) -> Vec<Spare> {
    databases.iter().filter_map(|database| Spare::of(database, home)).collect()
}

/// The complete spares of a template.
pub(super) async fn ready(connection: &Connection, home: &str, template: &str) -> Result<Vec<Spare>> {
    let found = spares(&databases(connection).await?, home);
    Ok(found.into_iter().filter(|spare| spare.is_of(template)).collect())
}

/// How many complete spares of a template are among these databases.
pub(in super::super) fn count(databases: &[Database], home: &str, template: &str) -> usize {
    spares(databases, home).iter().filter(|spare| spare.is_of(template)).count()
}

/// `spare_<12 hex of the template>_<n>`.
pub(super) fn name_of(template: &str, number: u32) -> String {
    format!("spare_{}_{number}", template.trim_start_matches("tpl_"))
}

/// What its database is called while it is copied.
pub(super) fn building(name: &str) -> String {
    format!("{name}{BUILDING}")
}
