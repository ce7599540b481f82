//! Documents about one agent's database: `psql`, `db`, `slow-queries`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `harness psql <id> <query>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryResult {
    /// `harness/psql/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// Column names; of several statements, those of the last one that returns rows.
    pub columns: Vec<String>,
    /// Rows of values in PostgreSQL's text form; `null` is SQL's null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that this statement returned or changed.
    pub affected: u64,
    /// The result of each statement in order, where the query has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementResult>,
}

/// What one statement of a query returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatementResult {
    /// Column names; none for a statement that returns no rows.
    pub columns: Vec<String>,
    /// Rows of values in PostgreSQL's text form; `null` is SQL's null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that it returned or changed.
    pub affected: u64,
}

/// `harness db snapshot|restore|reset|list|drop`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseReport {
    /// `harness/db/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// What was done.
    pub action: DatabaseVerb,
    /// Name of its database; null where it has stores only.
    pub database: Option<String>,
    /// The template that the database was cloned from; a restored snapshot may be older.
    pub template: Option<String>,
    /// The snapshots that there are now, by name.
    pub snapshots: Vec<SnapshotRow>,
}

words! {
    /// A verb of `harness db`.
    pub enum DatabaseVerb {
        /// Keep the present contents under a name.
        Snapshot = "snapshot",
        /// Replace the contents by a snapshot.
        Restore = "restore",
        /// Replace the contents by a fresh clone of the template.
        Reset = "reset",
        /// List the snapshots.
        List = "list",
        /// Drop a snapshot.
        Drop = "drop",
    }
}

/// `harness db diff`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseDiff {
    /// `harness/db-diff/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// Name of its database.
    pub database: String,
    /// The template that it was compared with; null where it was a snapshot.
    pub template: Option<String>,
    /// The snapshot that it was compared with.
    pub snapshot: Option<String>,
    /// How many tables were compared.
    pub compared: u64,
    /// Those that differ, by name.
    pub tables: Vec<TableDiff>,
}

/// A table that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TableDiff {
    /// Schema and name: `public.items`.
    pub table: String,
    /// Only the agent's database has it.
    pub is_new: bool,
    /// The agent's database has it no more.
    pub is_gone: bool,
    /// Rows that only the agent's database has.
    pub rows_added: u64,
    /// Rows that it has no more.
    pub rows_removed: u64,
    /// Rows of the same primary key with other values; without a primary key they count as removed and added.
    pub rows_changed: u64,
    /// Columns that only the agent's database has.
    pub columns_added: Vec<String>,
    /// Columns that it has no more.
    pub columns_removed: Vec<String>,
}

/// `harness db dump` and `load`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseFile {
    /// `harness/db-dump/1` or `harness/db-load/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// Name of its database.
    pub database: String,
    /// The file.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotRow {
    /// Its name.
    pub name: String,
    /// Its database; null where the agent has stores only.
    pub database: Option<String>,
    /// Its size on disk, in bytes: database and stores.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: Option<String>,
    /// The stores that it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<String>,
}

/// `harness slow-queries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlowQueries {
    /// `harness/slow-queries/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// The database.
    pub database: String,
    /// Whether the statistics of that database were reset; `queries` are the earlier ones.
    pub reset: bool,
    /// Longest in total first.
    pub queries: Vec<SlowQueryRow>,
}

/// One statement, as `pg_stat_statements` has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlowQueryRow {
    /// How often it ran.
    pub calls: u64,
    /// Milliseconds altogether.
    pub total_ms: f64,
    /// Milliseconds a call.
    pub mean_ms: f64,
    /// Milliseconds of the longest call.
    pub max_ms: f64,
    /// Rows returned or changed altogether.
    pub rows: u64,
    /// The statement, constants replaced by `$1`, `$2` ...
    pub query: String,
}
