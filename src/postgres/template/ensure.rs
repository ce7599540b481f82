//! A template for a plan: found, waited for, or built.

use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::sync::{Mutex, MutexGuard};

use crate::report::Events;

use super::super::connection::Connection;
use super::super::leftover_references::LeftoverReferences;
use super::super::lock::Key;
use super::super::objects::database_named;
use super::super::prepare::prepare_with;
use super::super::{Error, Result, Server};
use super::build::Build;
use super::chain::{Link, TemplatePlan};
use super::{changes, prune};

/// How often a build starts over because an input changed meanwhile.
const ATTEMPTS: u32 = 3;

/// A complete template. It is not dropped while this value lives.
pub struct Template {
    /// Its database: `tpl_<12 hex>`.
    pub name: String,
    /// Whether it was built just now.
    pub built: bool,
    /// How long that, or finding it, took.
    pub duration: Duration,
    /// The columns in which its own name stands.
    pub leftover_references: LeftoverReferences,
    /// Holds the shared lock; its owner may use it for other things meanwhile.
    lease: Mutex<Connection>,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Template").field("name", &self.name).field("built", &self.built).finish_non_exhaustive()
    }
}

/// An admin connection, borrowed or new.
pub(in super::super) enum AdminConnection<'a> {
    Borrowed(MutexGuard<'a, Connection>),
    Own(Box<Connection>),
}

impl std::ops::Deref for AdminConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Borrowed(connection) => connection,
            Self::Own(connection) => connection,
        }
    }
}

impl Template {
    /// The session that holds the lock, unless another clone is using it: connecting takes longer than
    /// most of what a clone does.
    pub(in super::super) async fn connection(&self, server: &Server) -> Result<AdminConnection<'_>> {
        match self.lease.try_lock() {
            Ok(connection) if !connection.is_closed() => Ok(AdminConnection::Borrowed(connection)),
            _ => Connection::admin(server).await.map(|connection| AdminConnection::Own(Box::new(connection))),
        }
    }
}

/// The template of `plan` if there is one; nothing is built.
pub async fn find(server: &Server, plan: &TemplatePlan<'_>) -> Result<Option<Template>> {
    let began = Instant::now();
    let connection = Connection::admin(server).await?;
    find_with(connection, plan, began).await
}

pub(in super::super) async fn find_with(
    connection: Connection,
    plan: &TemplatePlan<'_>,
    began: Instant,
) -> Result<Option<Template>> {
    let name = final_name(&plan.links(connection.version().major)?);
    Key::of(&name).share(&connection, || {}).await?;
    let references = complete(&connection, plan, &name).await?;
    Ok(references.map(|references| Template {
        name,
        built: false,
        duration: began.elapsed(),
        leftover_references: references,
        lease: Mutex::new(connection),
    }))
}

/// Returns the template of `plan`, building it if there is none. Launches that come at the same moment
/// wait for the first.
///
/// # Errors
/// A failed step comes back with its name and last lines; nothing of the build stays behind.
pub async fn ensure(server: &Server, plan: &TemplatePlan<'_>, events: &Events) -> Result<Template> {
    let began = Instant::now();
    let connection = Connection::admin(server).await?;
    let mut links = plan.links(connection.version().major)?;
    let mut name = final_name(&links);
    let found = |references: LeftoverReferences, built, connection| Template {
        name: references.template.clone(),
        built,
        duration: began.elapsed(),
        leftover_references: references,
        lease: Mutex::new(connection),
    };
    let mut attempts = 0;
    loop {
        let key = Key::of(&name);
        let mut waited = None;
        key.share(&connection, || waited = Some(events.task("database", "wait for the template being built"))).await?;
        if let Some(references) = complete(&connection, plan, &name).await? {
            waited.map(crate::report::Task::finish);
            return Ok(found(references, false, connection));
        }
        // it is built under the exclusive lock: of several launches that find it missing, one gets that
        key.release_shared(&connection).await?;
        if !key.try_take(&connection).await? {
            let jitter = rand::rng().random_range(1..20);
            tokio::time::sleep(Duration::from_millis(jitter)).await;
            continue;
        }
        if let Some(references) = complete(&connection, plan, &name).await? {
            key.downgrade(&connection).await?;
            return Ok(found(references, false, connection));
        }
        attempts += 1;
        prepare_with(server, &connection).await?;
        prune::sweep_with(server, &connection, plan.home_id).await?;
        if let Some(changes) = changes::changes(&connection, plan, &links).await? {
            events.note("database", format!("the template is rebuilt: {changes}"));
        }
        let task = events.task("database", "build template");
        let Some(changed) = Build::new(server, &connection, plan, &links, events).run(&task).await? else {
            task.finish();
            key.downgrade(&connection).await?;
            prune::prune(server, &connection, plan).await?;
            let references = complete(&connection, plan, &name).await?.ok_or(Error::Missing { name })?;
            return Ok(found(references, true, connection));
        };
        key.release(&connection).await?;
        if attempts == ATTEMPTS {
            return Err(changing(&links, &changed));
        }
        task.detail("inputs changed during the build: building again");
        links = changed;
        name = final_name(&links);
    }
}

fn final_name(links: &[Link]) -> String {
    links.last().expect("there is a head").database()
}

/// The columns in which a complete template names itself; `None` when there is no complete one.
async fn complete(connection: &Connection, plan: &TemplatePlan<'_>, name: &str) -> Result<Option<LeftoverReferences>> {
    let Some(database) = database_named(connection, name).await? else { return Ok(None) };
    database.ours(plan.home_id)?;
    let references = LeftoverReferences { template: name.to_owned(), places: database.facts().leftover_references };
    Ok(database.valid.then_some(references))
}

fn changing(before: &[Link], after: &[Link]) -> Error {
    let (old, new) = before.iter().zip(after).find(|(old, new)| old.digest != new.digest).expect("they differ");
    let files = old.files.iter().filter(|(path, digest)| new.files.get(*path) != Some(digest));
    let added = new.files.keys().filter(|path| !old.files.contains_key(*path));
    Error::InputsChanging { step: new.step.clone(), files: files.map(|(path, _)| path).chain(added).cloned().collect() }
}
