//! The templates that a home has, who uses them, and their removal by name.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::connection::{Connection, text};
use super::super::lock::Key;
use super::super::mark::{Facts, OwnedKind};
use super::super::objects::{Database, databases};
use super::super::sql::literals;
use super::super::{Error, Result, Server, drop, spare};
use super::prune::drop_idle_roles;
use crate::project::AgentId;
use crate::system::Deadline;

/// A clone, and a spare that is being made, are waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// A template, or a state kept after an incremental step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its database.
    pub name: String,
    /// The project it was built for.
    pub project: String,
    /// A state from which a later build begins, and which nothing is cloned from.
    pub kept: bool,
    /// Its size on the server's disk.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: Option<String>,
    /// What each step was made from: its name, input files and variables.
    pub steps: Vec<ExistingStep>,
    /// The agents whose databases come from it.
    pub agents: Vec<AgentId>,
    /// How many complete spares there are.
    pub spares: usize,
    /// How long a clone of it took at the shortest, in milliseconds: spares are made at low priority.
    pub clone_ms: Option<u64>,
}

/// A step as it was when the template was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingStep {
    /// Its name.
    pub name: String,
    /// Its input files.
    pub files: Vec<String>,
    /// The variables that count for it.
    pub variables: Vec<String>,
}

/// The templates of a home, oldest first.
///
/// # Errors
/// The server cannot be reached.
pub async fn list(server: &Server, home_id: &str) -> Result<Vec<Existing>> {
    list_with(&Connection::admin(server).await?, home_id).await
}

async fn list_with(connection: &Connection, home: &str) -> Result<Vec<Existing>> {
    let databases = databases(connection).await?;
    let of_kind = |kinds: &[OwnedKind]| -> Vec<(&Database, super::super::mark::Mark)> {
        let marked = databases.iter().filter_map(|database| Some((database, database.mark(home)?)));
        marked.filter(|(database, mark)| database.valid && kinds.contains(&mark.kind)).collect()
    };
    let templates = of_kind(&[OwnedKind::Template, OwnedKind::Kept]);
    let sizes = sizes(connection, templates.iter().map(|(database, _)| database.name.as_str())).await?;
    let clones: Vec<(Facts, Option<AgentId>)> = of_kind(&[OwnedKind::Agent, OwnedKind::Spare])
        .into_iter()
        .map(|(database, mark)| (database.facts(), mark.agent))
        .collect();
    let mut found = Vec::new();
    for (database, mark) in templates {
        let facts = database.facts();
        let from_it = || clones.iter().filter(|(facts, _)| facts.template.as_ref() == Some(&database.name));
        let mut agents: Vec<AgentId> = from_it().filter_map(|(_, agent)| *agent).collect();
        agents.sort_unstable();
        found.push(Existing {
            name: database.name.clone(),
            project: mark.project,
            kept: mark.kind == OwnedKind::Kept,
            bytes: sizes.get(&database.name).copied().or(facts.bytes).unwrap_or_default(),
            made_at: facts.made_at,
            steps: facts
                .steps
                .into_iter()
                .map(|step| ExistingStep {
                    name: step.name,
                    files: names(step.files),
                    variables: names(step.environment),
                })
                .collect(),
            agents,
            spares: spare::count(&databases, home, &database.name),
            clone_ms: from_it().filter_map(|(facts, _)| facts.clone_ms).min(),
        });
    }
    Ok(found)
}

fn names(digests: Vec<(String, String)>) -> Vec<String> {
    digests.into_iter().map(|(name, _)| name).collect()
}

async fn sizes(connection: &Connection, names: impl Iterator<Item = &str>) -> Result<BTreeMap<String, u64>> {
    let sql = format!(
        "SELECT datname, pg_database_size(oid) AS bytes FROM pg_database WHERE datname IN ({})",
        literals(names)
    );
    let rows = connection.rows("measure templates", &sql).await?;
    Ok(rows.iter().map(|row| (text(row, "datname"), text(row, "bytes").parse().unwrap_or_default())).collect())
}

/// Fails for what [`remove`] would refuse, so that nobody drops the first of several names and then stops.
///
/// # Errors
/// As for [`remove`].
pub async fn check_removable(server: &Server, home_id: &str, names: &[String], force: bool) -> Result<()> {
    let existing = list_with(&Connection::admin(server).await?, home_id).await?;
    names.iter().try_for_each(|name| is_removable(&existing, name, force))
}

fn is_removable(existing: &[Existing], name: &str, force: bool) -> Result<()> {
    let Some(found) = existing.iter().find(|one| one.name == name) else {
        let known = existing.iter().map(|one| one.name.clone()).collect();
        return Err(Error::TemplateMissing { name: name.to_owned(), known });
    };
    if !force && !found.agents.is_empty() {
        return Err(Error::TemplateInUse { name: name.to_owned(), agents: found.agents.clone() });
    }
    Ok(())
}

/// Drops a template or a kept state, with its spares.
///
/// # Errors
/// There is none of this name; agents come from it and `force` is not set ([`Error::TemplateInUse`]); a command builds or
/// clones it at this moment ([`Error::TemplateBusy`]).
pub async fn remove(server: &Server, home_id: &str, name: &str, force: bool) -> Result<()> {
    let connection = Connection::admin(server).await?;
    is_removable(&list_with(&connection, home_id).await?, name, force)?;
    if !drop_free(server, &connection, name, PATIENCE).await? {
        return Err(Error::TemplateBusy(name.to_owned()));
    }
    clean(server, &connection, home_id).await
}

/// Drops the templates and kept states that no agent comes from, but the newest of each project. Returns what was
/// dropped, or with `dry_run` would be.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn collect(server: &Server, home_id: &str, dry_run: bool) -> Result<Vec<Existing>> {
    let connection = Connection::admin(server).await?;
    let existing = list_with(&connection, home_id).await?;
    let is_newest = |one: &Existing| {
        let newest = existing.iter().rfind(|other| other.project == one.project && other.kept == one.kept);
        newest.is_some_and(|newest| newest.name == one.name)
    };
    let unused: Vec<Existing> =
        existing.iter().filter(|one| one.agents.is_empty() && !is_newest(one)).cloned().collect();
    if dry_run {
        return Ok(unused);
    }
    let mut dropped = Vec::new();
    for one in unused {
        if drop_free(server, &connection, &one.name, Duration::ZERO).await? {
            dropped.push(one);
        }
    }
    clean(server, &connection, home_id).await?;
    Ok(dropped)
}

/// Drops a template unless a command builds or clones it for longer than `patience`; says whether it did.
async fn drop_free(server: &Server, connection: &Connection, name: &str, patience: Duration) -> Result<bool> {
    let key = Key::of(name);
    let deadline = Deadline::after("the template", patience);
    while !key.try_take(connection).await? {
        if deadline.passed() {
            return Ok(false);
        }
        deadline.pause(PAUSE).await;
    }
    let dropped = drop::database(server, connection, name).await;
    key.release(connection).await?;
    dropped.map(|()| true)
}

/// What only a template needed.
async fn clean(server: &Server, connection: &Connection, home: &str) -> Result<()> {
    spare::sweep_orphans(server, connection, home).await?;
    drop_idle_roles(connection, home).await
}
