//! Rows that name the template they came from: seeds often store where the database is (a connection to
//! "itself", a warehouse's credentials). In a clone such a row leads to a database that cannot be reached,
//! or worse. `post_clone` is there to rewrite them; this finds what it missed.
//!
//! The template is searched once, when it is built; a clone only where the template had something. What
//! a project encrypts cannot be found.

use serde::{Deserialize, Serialize};

use super::connection::{Connection, text};
use super::sql::{identifier, literal};
use super::{DatabaseCredentials, Result, Server};

/// Columns searched in one statement.
const BATCH: usize = 200;

/// A column that contains the template's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftoverReference {
    /// Schema.
    pub schema: String,
    /// Table.
    pub table: String,
    /// Column.
    pub column: String,
}

impl std::fmt::Display for LeftoverReference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.schema, self.table, self.column)
    }
}

/// The columns of a template that contain its own name, or the password that it was built with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftoverReferences {
    pub(super) template: String,
    pub(super) places: Vec<LeftoverReference>,
}

impl LeftoverReferences {
    /// Those columns of a clone that still name the template, to be asked after `post_clone`. Costs
    /// nothing where the template has none.
    pub async fn remaining(&self, server: &Server, clone: &DatabaseCredentials) -> Result<Vec<LeftoverReference>> {
        if self.places.is_empty() {
            return Ok(Vec::new());
        }
        let inside = Connection::inside(server, &clone.database).await?;
        // `post_clone` may have taken a column away
        let existing = columns(&inside).await?;
        let places = self.places.iter().filter(|place| existing.contains(place)).cloned().collect();
        search(&inside, places, &[&self.template]).await
    }
}

/// Every column of the database that holds one of `needles`.
pub(super) async fn find(inside: &Connection, needles: &[&str]) -> Result<Vec<LeftoverReference>> {
    let places = columns(inside).await?;
    search(inside, places, needles).await
}

/// The columns that hold text in some form.
async fn columns(inside: &Connection) -> Result<Vec<LeftoverReference>> {
    let sql = "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid \
                 LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' \
                WHERE c.oid >= 16384 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped \
                  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
                  AND (coalesce(e.typcategory, t.typcategory) = 'S' \
                       OR coalesce(e.typname, t.typname) IN ('json', 'jsonb', 'xml'))";
    let rows = inside.rows("list the columns", sql).await?;
    Ok(rows
        .iter()
        .map(|row| LeftoverReference {
            schema: text(row, "nspname"),
            table: text(row, "relname"),
            column: text(row, "attname"),
        })
        .collect())
}

async fn search(
    inside: &Connection,
    places: Vec<LeftoverReference>,
    needles: &[&str],
) -> Result<Vec<LeftoverReference>> {
    let mut found = Vec::new();
    for batch in places.chunks(BATCH) {
        let questions: Vec<String> =
            batch.iter().enumerate().map(|(index, place)| question(index, place, needles)).collect();
        let rows = inside.rows("search for the template's name", &questions.join(" UNION ALL ")).await?;
        found.extend(rows.iter().filter_map(|row| batch.get(row.get("place")?.parse::<usize>().ok()?).cloned()));
    }
    Ok(found)
}

fn question(index: usize, place: &LeftoverReference, needles: &[&str]) -> String {
    let column = identifier(&place.column);
    let tests: Vec<String> =
        needles.iter().map(|needle| format!("position({} IN {column}::text) > 0", literal(needle))).collect();
    format!(
        "SELECT {index} AS place WHERE EXISTS (SELECT FROM {}.{} WHERE {})",
        identifier(&place.schema),
        identifier(&place.table),
        tests.join(" OR ")
    )
}
