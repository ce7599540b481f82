//! `db diff`: what differs in an agent's database from a snapshot, or from the template that it came from.

use super::Context;
use super::database::open;
use crate::postgres::diff::{self, Against, TableDifference};
use crate::project::AgentId;
use crate::report::{DatabaseDiff, Failure, TableDiff};

/// Compares; with `snapshot` to that one.
///
/// # Errors
/// The agent has no database, or there is no such snapshot or template any more.
pub async fn database_diff(context: &Context, agent: AgentId, snapshot: Option<&str>) -> Result<DatabaseDiff, Failure> {
    let opened = open(context, agent, false, false).await?;
    let server = opened.server()?;
    let against = snapshot.map_or(Against::Template, |name| Against::Snapshot(name.to_owned()));
    let what = snapshot.map_or_else(|| "the template".to_owned(), |name| format!("snapshot `{name}`"));
    let text = format!("compare {} with {what}", agent.database());
    let task = context.events.task(format!("agent {agent}"), text);
    let found = diff::compare(server, context.home.id(), agent, &against).await?;
    task.finish();
    Ok(DatabaseDiff {
        schema: "harness/db-diff/1".to_owned(),
        agent: agent.get(),
        database: agent.database(),
        template: snapshot.is_none().then(|| found.against.clone()),
        snapshot: snapshot.map(str::to_owned),
        compared: found.compared as u64,
        tables: found.tables.into_iter().map(row).collect(),
    })
}

fn row(found: TableDifference) -> TableDiff {
    TableDiff {
        table: found.table,
        is_new: found.is_new,
        is_gone: found.is_gone,
        rows_added: found.added,
        rows_removed: found.removed,
        rows_changed: found.changed,
        columns_added: found.columns_added,
        columns_removed: found.columns_removed,
    }
}
