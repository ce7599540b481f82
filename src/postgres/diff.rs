//! What differs between an agent's database and what it came from: tables, and how many of their rows were added, removed
//! and changed.
//!
//! A template and a snapshot take no connections, so a copy of it is compared, `agent_<id>_diff`, which is dropped again;
//! one that a killed command left is dropped by the next comparison and by teardown, which know it by its mark.
//!
//! Tables are first compared by the sum of their rows' digests. Only where these differ, the rows of both are read in the
//! order of their keys' digests and merged, so that memory does not depend on the size. A row is known by its primary key;
//! in a table without one a changed row is one removed and one added. Only columns that both have are compared. What an
//! extension brought is left out.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::pin::Pin;

use futures_util::TryStreamExt;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryStream};

use crate::project::AgentId;

use super::connection::{Connection, text};
use super::copy::{Source, Target, copy};
use super::lock::Key;
use super::mark::{Facts, OwnedKind};
use super::objects::database_named;
use super::replace;
use super::snapshot;
use super::sql::{identifier, literal};
use super::{Error, Result, Server, drop};

/// What a database is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The template that it was cloned from.
    Template,
    /// A snapshot of the agent's.
    Snapshot(String),
}

/// The differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differences {
    /// The template's name, or the snapshot's.
    pub against: String,
    /// How many tables were compared.
    pub compared: usize,
    /// Those that differ, by name.
    pub tables: Vec<TableDifference>,
}

/// A table that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableDifference {
    /// Schema and name.
    pub table: String,
    /// Only the agent's database has it.
    pub is_new: bool,
    /// The agent's database has it no more.
    pub is_gone: bool,
    /// Rows that only the agent's database has.
    pub added: u64,
    /// Rows that it has no more.
    pub removed: u64,
    /// Rows of which a column has another value.
    pub changed: u64,
    /// Columns that only the agent's database has.
    pub columns_added: Vec<String>,
    /// Columns that it has no more.
    pub columns_removed: Vec<String>,
}

impl TableDifference {
    fn is_none(&self) -> bool {
        *self == Self { table: self.table.clone(), ..Self::default() }
    }
}

/// Compares an agent's database.
///
/// # Errors
/// The agent has no database, or what it is to be compared with is gone.
pub async fn compare(server: &Server, home_id: &str, agent: AgentId, against: &Against) -> Result<Differences> {
    let connection = Connection::admin(server).await?;
    let mark = replace::complete(&connection, home_id, agent).await?;
    let name = agent.database();
    let (source, shown) = match against {
        Against::Snapshot(snapshot) => {
            (snapshot::existing(&connection, home_id, agent, snapshot).await?.name, snapshot.clone())
        }
        Against::Template => {
            let facts = database_named(&connection, &name).await?.map(|database| database.facts());
            let template = facts.and_then(|facts| facts.template).ok_or(Error::Missing { name: name.clone() })?;
            (template.clone(), template)
        }
    };
    let copied = format!("{name}_diff");
    let key = Key::of(&copied);
    key.take(&connection).await?;
    if let Some(leftover) = database_named(&connection, &copied).await? {
        leftover.ours(home_id)?;
        drop::database(server, &connection, &copied).await?;
    }
    let outcome = async {
        let key_of_source = Key::of(&source);
        key_of_source.share(&connection, || {}).await?;
        let inspected = match Source::inspect(&connection, &source).await {
            Err(Error::Missing { name }) if *against == Against::Template => {
                return Err(Error::TemplateMissing { name, known: Vec::new() });
            }
            inspected => inspected?,
        };
        let mark = mark.with_kind(OwnedKind::Incoming);
        let facts = Facts::default();
        let target = Target { name: &copied, owner: &name, objects: &name, mark: &mark, facts: &facts, open: true };
        copy(server, &connection, &inspected, &target).await?;
        key_of_source.release_shared(&connection).await?;
        let (before, now) = (Side::open(server, &copied).await?, Side::open(server, &name).await?);
        differences(&before, &now).await
    };
    let outcome = outcome.await;
    let dropped = drop::database(server, &connection, &copied).await;
    let (compared, tables) = outcome?;
    dropped?;
    Ok(Differences { against: shown, compared, tables })
}

async fn differences(before: &Side, now: &Side) -> Result<(usize, Vec<TableDifference>)> {
    let mut names: Vec<&String> = before.tables.keys().chain(now.tables.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut tables = Vec::new();
    for name in &names {
        let mut found = TableDifference { table: (*name).clone(), ..TableDifference::default() };
        match (before.tables.get(*name), now.tables.get(*name)) {
            (Some(old), Some(new)) => rows(before, now, old, new, &mut found).await?,
            (None, Some(new)) => {
                found.is_new = true;
                found.added = now.count(new).await?;
            }
            (Some(old), None) => {
                found.is_gone = true;
                found.removed = before.count(old).await?;
            }
            (None, None) => {}
        }
        if !found.is_none() {
            tables.push(found);
        }
    }
    Ok((names.len(), tables))
}

async fn rows(before: &Side, now: &Side, old: &Table, new: &Table, found: &mut TableDifference) -> Result<()> {
    let missing = |of: &Table, from: &Table| -> Vec<String> {
        of.columns.iter().filter(|column| !from.columns.contains(column)).cloned().collect()
    };
    (found.columns_added, found.columns_removed) = (missing(new, old), missing(old, new));
    let shared: Vec<&String> = new.columns.iter().filter(|column| old.columns.contains(column)).collect();
    let (left, right) = tokio::join!(before.digest(old, &shared), now.digest(new, &shared));
    if left? == right? {
        return Ok(());
    }
    // the rows of both are known by the same columns, or by all
    let key: Vec<&String> = if old.key == new.key { new.key.iter().collect() } else { Vec::new() };
    let (mut left, mut right) = (before.rows(old, &key, &shared).await?, now.rows(new, &key, &shared).await?);
    let (mut one, mut other) = (before.next(&mut left).await?, now.next(&mut right).await?);
    loop {
        let order = match (&one, &other) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.key.cmp(&other.key),
        };
        match order {
            Ordering::Less => found.removed += 1,
            Ordering::Greater => found.added += 1,
            Ordering::Equal if one != other => found.changed += 1,
            Ordering::Equal => {}
        }
        if order != Ordering::Greater {
            one = before.next(&mut left).await?;
        }
        if order != Ordering::Less {
            other = now.next(&mut right).await?;
        }
    }
}

/// One of the two databases, at one moment.
struct Side {
    connection: Connection,
    tables: BTreeMap<String, Table>,
}

struct Table {
    /// Quoted, as SQL wants it.
    name: String,
    columns: Vec<String>,
    /// The columns of its primary key; none where it has none.
    key: Vec<String>,
}

/// A row: where it is in the order, and what is in it.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    key: (i64, String),
    contents: String,
}

type Rows = Pin<Box<SimpleQueryStream>>;

impl Side {
    async fn open(server: &Server, database: &str) -> Result<Self> {
        let connection = Connection::inside(server, database).await?;
        // values are compared as text: both sides have to write them alike
        let begin = "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; \
                     SET extra_float_digits = 1; SET bytea_output = 'hex'";
        connection.execute("prepare a comparison", begin).await?;
        connection.execute("prepare a comparison", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let sql = "SELECT n.nspname, c.relname, a.attname, \
                          coalesce(a.attnum = ANY (i.indkey::int2[]), false) AS is_key \
                     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                     LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
                    WHERE c.relkind = 'r' AND c.relpersistence <> 't' \
                      AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
                      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                                       AND d.objid = c.oid AND d.deptype = 'e') \
                    ORDER BY n.nspname, c.relname, a.attnum";
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for row in connection.rows("list tables", sql).await? {
            let (schema, relation, column) = (text(&row, "nspname"), text(&row, "relname"), text(&row, "attname"));
            let table = tables.entry(format!("{schema}.{relation}")).or_insert_with(|| Table {
                name: format!("{}.{}", identifier(&schema), identifier(&relation)),
                columns: Vec::new(),
                key: Vec::new(),
            });
            if row.get("is_key") == Some("t") {
                table.key.push(column.clone());
            }
            table.columns.push(column);
        }
        Ok(Self { connection, tables })
    }

    async fn count(&self, table: &Table) -> Result<u64> {
        let sql = format!("SELECT count(*) AS rows FROM {}", table.name);
        let rows = self.connection.rows(&format!("count the rows of {}", table.name), &sql).await?;
        Ok(rows.first().map(|row| text(row, "rows").parse().unwrap_or_default()).unwrap_or_default())
    }

    /// Number of rows, and the sum of their digests.
    async fn digest(&self, table: &Table, columns: &[&String]) -> Result<String> {
        let sql = format!(
            "SELECT count(*) || ' ' || coalesce(sum(hashtextextended({}, 0)::numeric), 0) AS digest FROM ONLY {}",
            record(columns),
            table.name
        );
        let rows = self.connection.rows(&format!("read {}", table.name), &sql).await?;
        Ok(rows.first().map(|row| text(row, "digest")).unwrap_or_default())
    }

    /// Every row, in an order that is the same on both sides whatever the collations.
    async fn rows(&self, table: &Table, key: &[&String], columns: &[&String]) -> Result<Rows> {
        let key = record(if key.is_empty() { columns } else { key });
        let sql = format!(
            "SELECT hashtextextended({key}, 0), {key}, hashtextextended({contents}, 1) FROM ONLY {} \
              ORDER BY 1, {key} COLLATE \"C\"",
            table.name,
            contents = record(columns),
        );
        let opened = self.connection.while_answering(self.connection.client().simple_query_raw(&sql)).await?;
        Ok(Box::pin(opened.map_err(Error::statement(format!("read {}", table.name)))?))
    }

    async fn next(&self, rows: &mut Rows) -> Result<Option<Row>> {
        loop {
            let message = self.connection.while_answering(rows.try_next()).await?;
            match message.map_err(Error::statement("read rows"))? {
                None => return Ok(None),
                Some(SimpleQueryMessage::Row(row)) => {
                    let value = |at: usize| row.get(at).unwrap_or_default().to_owned();
                    let key = (value(0).parse().unwrap_or_default(), value(1));
                    return Ok(Some(Row { key, contents: value(2) }));
                }
                Some(_) => {}
            }
        }
    }
}

/// These columns as one text.
fn record(columns: &[&String]) -> String {
    if columns.is_empty() {
        return literal("");
    }
    format!("ROW({})::text", columns.iter().map(|column| identifier(column)).collect::<Vec<_>>().join(", "))
}
