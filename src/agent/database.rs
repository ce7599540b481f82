//! `db`: snapshots of an agent's database and stores, and putting one (or fresh clones of the templates) in their place.
//!
//! The stack keeps running: sessions are evicted at the moment of the swap, and applications connect again. Servers of stores
//! are stopped meanwhile.
//!
//! Where there is a database, a snapshot is there if that of the database is: so stores are kept before it, and dropped after
//! it.

use std::time::Duration;

use super::database_reset::reset;
use super::database_stores::Stores;
use super::lease::Lease;
use super::{Context, Error, Lifecycle, Record, control, ownership, undone};
use crate::infra;
use crate::postgres::background::Background;
use crate::postgres::{self, Cut, Patience, Server, snapshot};
use crate::project::AgentId;
use crate::report::{DatabaseReport, DatabaseVerb, Failure, SnapshotRow};
use crate::system::text::count;

/// What to do with an agent's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseAction {
    /// Say which snapshots there are.
    List,
    /// Keep its present state under a name.
    Snapshot(String),
    /// Put a snapshot in its place.
    Restore(String),
    /// Put a fresh clone of the template in its place.
    Reset,
    /// Drop a snapshot.
    Drop(String),
}

impl DatabaseAction {
    fn verb(&self) -> DatabaseVerb {
        match self {
            Self::List => DatabaseVerb::List,
            Self::Snapshot(_) => DatabaseVerb::Snapshot,
            Self::Restore(_) => DatabaseVerb::Restore,
            Self::Reset => DatabaseVerb::Reset,
            Self::Drop(_) => DatabaseVerb::Drop,
        }
    }
}

/// Acts, then returns the snapshots that there are. `drain` is how long transactions that are open in the database may take
/// to end before its sessions are ended.
///
/// # Errors
/// The agent has no database, or no such snapshot; a name is taken or none; a template or `post_clone` step
/// failed.
pub async fn database(
    context: &Context,
    agent: AgentId,
    action: &DatabaseAction,
    drain: Duration,
    force: bool,
) -> Result<DatabaseReport, Failure> {
    let Opened { mut record, infra, server, lease } =
        open(context, agent, force, *action != DatabaseAction::List).await?;
    let server = server.map(|server| server.draining(drain));
    let work = match action {
        DatabaseAction::List => None,
        _ => Some(context.events.task(format!("agent {agent}"), sentence(agent, action))),
    };
    let cut = act(context, &mut record, &infra, server.as_ref(), action).await?;
    if cut.open > 0 {
        let what = count(usize::try_from(cut.open).unwrap_or(usize::MAX), "transaction");
        let text =
            format!("{what} in {} had not ended after {} s, and was cut off", agent.database(), drain.as_secs_f64());
        context.events.warning(format!("agent {agent}"), text);
    }
    if matches!(action, DatabaseAction::Restore(_) | DatabaseAction::Reset) {
        control::after_replacement(context, &record).await?;
    }
    work.map(crate::report::Task::finish);
    drop(lease);
    let rows = match &server {
        Some(server) => Some(rows(snapshot::list(server, context.home.id(), agent).await?)),
        None => None,
    };
    let snapshots = Stores::of(context, &record)?.list(rows)?;
    Ok(DatabaseReport {
        schema: "harness/db/1".to_owned(),
        agent: agent.get(),
        action: action.verb(),
        database: server.map(|_| agent.database()),
        template: record.template,
        snapshots,
    })
}

async fn act(
    context: &Context,
    record: &mut Record,
    infra: &infra::Infra,
    server: Option<&Server>,
    action: &DatabaseAction,
) -> Result<Cut, Failure> {
    let (agent, home) = (record.agent, context.home.id());
    match action {
        DatabaseAction::List => Ok(Cut::default()),
        DatabaseAction::Snapshot(name) => {
            snapshot::check_name(agent, name)?;
            let stores = Stores::of(context, record)?;
            let Some(server) = server else {
                stores.snapshot(name, true).await?;
                return Ok(Cut::default());
            };
            if snapshot::list(server, home, agent).await?.iter().any(|known| known.name == *name) {
                return Err(postgres::Error::SnapshotExists { agent, name: name.clone() }.into());
            }
            stores.snapshot(name, false).await?;
            let created = snapshot::create(server, home, agent, name).await;
            if created.is_err() {
                stores.drop_snapshot(name)?;
            }
            Ok(created?)
        }
        DatabaseAction::Restore(name) => {
            let cut = match server {
                Some(server) => restore(context, record, server, name).await?,
                None => Stores::of(context, record)?.must_have(name).map(|()| Cut::default())?,
            };
            Stores::of(context, record)?.restore(name).await?;
            Ok(cut)
        }
        DatabaseAction::Drop(name) => {
            let stores = Stores::of(context, record)?;
            match server {
                Some(server) => snapshot::drop(server, home, agent, name).await?,
                None => stores.must_have(name)?,
            }
            stores.drop_snapshot(name)?;
            Ok(Cut::default())
        }
        DatabaseAction::Reset => reset(context, record, infra, server).await,
    }
}

fn rows(snapshots: Vec<snapshot::Snapshot>) -> Vec<SnapshotRow> {
    let row = |one: snapshot::Snapshot| SnapshotRow {
        name: one.name,
        database: Some(one.database),
        bytes: one.bytes,
        made_at: one.made_at,
        stores: Vec::new(),
    };
    snapshots.into_iter().map(row).collect()
}

/// What every verb on an agent's database begins with.
pub(super) struct Opened {
    pub(super) record: Record,
    pub(super) infra: infra::Infra,
    /// `None` for an agent that has stores only.
    pub(super) server: Option<Server>,
    /// Held by a verb that changes something.
    pub(super) lease: Option<Lease>,
}

/// Finds the agent and its server; takes the agent's lease for a verb that `changes` something.
pub(super) async fn open(context: &Context, agent: AgentId, force: bool, changes: bool) -> Result<Opened, Failure> {
    ownership::check_agent(context, agent, force || !changes)?;
    undone::existing(context, agent)?;
    let lease = if changes { Some(Lease::take(context, agent, "db").await?) } else { None };
    // read again: only what is read under the lease holds
    let record = undone::existing(context, agent)?;
    if record.lifecycle == Lifecycle::TearingDown {
        return Err(Error::HalfRemoved(agent).into());
    }
    let infra = infra::open(&context.home).await?.ok_or_else(|| context.without_servers())?;
    let patience = if changes { Patience::CHANGING } else { Patience::READING };
    let server = infra.servers.postgres.clone().filter(|_| record.database_password.is_some());
    if server.is_none() && Stores::of(context, &record)?.is_empty() {
        return Err(Error::Without { agent, what: "database" }.into());
    }
    let server = server.map(|server| server.with_patience(patience));
    Ok(Opened { record, infra, server, lease })
}

impl Opened {
    /// The server of the agent's database.
    pub(super) fn server(&self) -> Result<&Server, Error> {
        self.server.as_ref().ok_or(Error::Without { agent: self.record.agent, what: "database" })
    }
}

fn sentence(agent: AgentId, action: &DatabaseAction) -> String {
    let database = agent.database();
    match action {
        DatabaseAction::List => format!("list snapshots of {database}"),
        DatabaseAction::Snapshot(name) => format!("save {database} as `{name}`"),
        DatabaseAction::Restore(name) => format!("replace {database} with snapshot `{name}`"),
        DatabaseAction::Reset => format!("replace {database} with a fresh clone"),
        DatabaseAction::Drop(name) => format!("drop snapshot `{name}`"),
    }
}

async fn restore(context: &Context, record: &mut Record, server: &Server, name: &str) -> Result<Cut, Failure> {
    let (template, cut) = snapshot::restore(server, context.home.id(), record.agent, name).await?;
    Background::drop_replaced(server, context.home.id(), record.agent).start(&context.home.infra_dir());
    // complete now: a launch must not take it for a clone whose `post_clone` was interrupted
    if template.is_some() && template != record.template {
        record.template = template;
        record.write(&context.home)?;
    }
    Ok(cut)
}
