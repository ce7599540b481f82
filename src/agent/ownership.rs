//! Whether a command may change an agent from where it was given.
//!
//! Agents of all projects share the ids of a home, so `teardown 1` in one project may name an agent of
//! another by mistake. A verb that changes something therefore acts on an agent of the project of the
//! current directory; an agent of another project needs `-C` or `--force`. Outside of every project a command may
//! change all agents of the home.
//!
//! | changes something | only looks |
//! |---|---|
//! | `launch`, `teardown` (its dry run says what the real run does, so it is refused alike), `start`, `stop`, `restart`, `db`, `psql`, `exec`, `shell`, `verify`, `slow-queries --reset`, `session start`, `session stop`, `attach`, `http` with a method that may change something | `status`, `url`, `open`, `logs`, `health`, `wait`, `ports`, `stats`, `env`, `db list`, `slow-queries`, `session list`, `attach --read-only`, `http` with GET or HEAD, `verify --status`, `verify --list` |
//!
//! A project that was moved keeps its agents ([`super::moved`]).

use std::path::{Path, PathBuf};

use super::moved::is_moved_project;
use super::place::Place;
use super::recovery::recover;
use super::{Context, Error, Record, identity};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system;

/// Refuses an agent of another project than that of the current directory.
///
/// # Errors
/// [`Error::OtherProject`], unless `force`.
fn check(context: &Context, record: &Record, force: bool) -> Result<(), Failure> {
    if force || is_here(context, record)? {
        return Ok(());
    }
    let (agent, project, root) = (record.agent, record.project.clone(), record.project_root.clone());
    Err(Error::OtherProject { agent, project, root }.into())
}

/// The same for an agent whose record need not be readable: whose it is then, only what exists can tell. One that has
/// no record is nobody's.
///
/// # Errors
/// [`Error::OtherProject`], or [`Error::OwnerUnknown`], unless `force`.
pub(super) fn check_agent(context: &Context, agent: AgentId, force: bool) -> Result<(), Failure> {
    match Record::read(&context.home, agent) {
        Ok(Some(record)) => check(context, &record, force),
        // a newer version's is refused as such by whoever reads it
        Ok(None) | Err(system::Error::Newer { .. }) => Ok(()),
        Err(_) if force => Ok(()),
        Err(_) => match standing_root(context)? {
            None => Ok(()),
            Some(root) => match recover(context, Some(&root), agent) {
                Some(record) => check(context, &record, force),
                None => Err(Error::OwnerUnknown { agent, record: Record::path(&context.home, agent) }.into()),
            },
        },
    }
}

/// Whether an agent belongs to the project of the current directory, or the current directory is in none.
///
/// # Errors
/// The home cannot be read.
fn is_here(context: &Context, record: &Record) -> Result<bool, Failure> {
    let Some(root) = standing_root(context)? else { return Ok(true) };
    Ok(same(&record.project_root, &root)
        || context.project_at(&root).is_ok_and(|project| is_moved_project(context, record, &project)))
}

/// The root of the project of the current directory; in an agent's own tree, of the agent's project.
pub(super) fn standing_root(context: &Context) -> Result<Option<PathBuf>, Failure> {
    let around = identity::records_around(context)?;
    let own_tree = around.iter().find(|record| !record.shares_root()).map(|record| record.project_root.clone());
    Ok(own_tree.or_else(|| Some(Place::of(&context.directory).ok()?.root)))
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
