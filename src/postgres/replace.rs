//! Putting another database in the place of an agent's.
//!
//! What is to come is made beside the agent's database, and the two are swapped in one transaction: until then the agent
//! works on what it has, and a failure changes nothing. Sessions are evicted; the application connects again. What was replaced
//! stays beside it, as `<name>_outgoing`, for [`super::background`] to drop.

use crate::project::AgentId;

use super::clone::{CloneState, state_with};
use super::connection::Connection;
use super::copy::Target;
use super::mark::{Facts, Mark, OwnedKind};
use super::objects::database_named;
use super::sessions::{Cut, drain, evict_sql, without_sessions};
use super::sql::{identifier, literal};
use super::{Error, Result, Server, drop};

/// A replacement that was begun. The caller holds the agent's lock.
pub(super) struct Replacement<'a> {
    server: &'a Server,
    connection: &'a Connection,
    name: String,
    incoming: String,
    outgoing: String,
    mark: Mark,
    arriving: Mark,
    facts: Facts,
}

impl<'a> Replacement<'a> {
    /// Looks at the agent's database, and drops what a killed replacement left. `template` is where the new one comes from.
    pub(super) async fn begin(
        server: &'a Server,
        connection: &'a Connection,
        home: &str,
        agent: AgentId,
        template: Option<String>,
    ) -> Result<Self> {
        let mark = complete(connection, home, agent).await?;
        let name = agent.database();
        let (incoming, outgoing) = (format!("{name}_incoming"), format!("{name}_outgoing"));
        for leftover in [&incoming, &outgoing] {
            if let Some(database) = database_named(connection, leftover).await? {
                database.ours(home)?;
                drop::database(server, connection, leftover).await?;
            }
        }
        let arriving = mark.with_kind(OwnedKind::Incoming);
        let facts = Facts { template, ..Facts::default() };
        Ok(Self { server, connection, name, incoming, outgoing, mark, arriving, facts })
    }

    /// What is to be made.
    pub(super) fn target(&self) -> Target<'_> {
        Target {
            name: &self.incoming,
            owner: &self.name,
            objects: &self.name,
            mark: &self.arriving,
            facts: &self.facts,
            // because objects are given to their owner from inside; only the agent itself could look in
            open: true,
        }
    }

    /// Swaps, where the new one has `arrived`; else drops what there is of it. What is replaced is the caller's to drop, when
    /// nobody waits.
    pub(super) async fn finish<E: From<Error>>(
        self,
        arrived: std::result::Result<(), E>,
    ) -> std::result::Result<Cut, E> {
        let swapped = match arrived {
            Ok(()) => self.swap().await.map_err(E::from),
            Err(error) => Err(error),
        };
        if swapped.is_err() {
            // what cannot be dropped is marked as the agent's: the next replacement or teardown takes it
            let _ = drop::database(self.server, self.connection, &self.incoming).await;
        }
        swapped
    }

    /// Renames both in one transaction. In every case the old one accepts connections again at the end.
    async fn swap(&self) -> Result<Cut> {
        let name = &self.name;
        let cut = drain(self.server, self.connection, name).await?;
        let (new, current, old) = (identifier(&self.incoming), identifier(name), identifier(&self.outgoing));
        let evict = format!("{}; {}", evict_sql(&self.incoming), evict_sql(name));
        let sql = format!(
            "{evict}; ALTER DATABASE {current} RENAME TO {old}; ALTER DATABASE {new} RENAME TO {current}; \
             COMMENT ON DATABASE {current} IS {}; COMMENT ON DATABASE {old} IS {}",
            literal(&self.facts.comment(&self.mark)),
            literal(&self.mark.with_kind(OwnedKind::Outgoing).to_string())
        );
        let action = format!("replace database `{name}`");
        without_sessions(self.server, self.connection, name, &action, &sql).await?;
        Ok(cut)
    }
}

/// The mark of an agent's complete pair.
pub(super) async fn complete(connection: &Connection, home: &str, agent: AgentId) -> Result<Mark> {
    let name = agent.database();
    if state_with(connection, home, None, agent).await? != CloneState::Complete {
        return Err(Error::Missing { name });
    }
    let database = database_named(connection, &name).await?.ok_or(Error::Missing { name })?;
    Ok(database.ours(home)?.with_kind(OwnedKind::Agent))
}
