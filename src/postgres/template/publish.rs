//! From a built database to a template.

use crate::system::Secret;

use super::super::connection::Connection;
use super::super::extensions;
use super::super::mark::{Facts, Mark, StepFacts};
use super::super::roles::builders;
use super::super::sessions::{evict_sql, without_sessions};
use super::super::sql::{identifier, literal};
use super::super::{Result, Server, leftover_references};
use super::chain::Link;
use super::incremental;

/// Gives schema public to the owner of the database, as since PostgreSQL 15; a cluster that was upgraded
/// from an older version has another owner.
pub(super) async fn own_public(inside: &Connection) -> Result<()> {
    if !inside.is_superuser() {
        return Ok(());
    }
    let sql = "DO $$ BEGIN IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' \
               AND nspowner <> 'pg_database_owner'::regrole) THEN \
               ALTER SCHEMA public OWNER TO pg_database_owner; END IF; END $$";
    inside.execute("give schema public to the database's owner", sql).await
}

/// Makes `building` the template `name`: statistics that every clone then has, extensions' objects
/// opened, sessions gone; then owner, role, mark and name in one transaction.
pub(super) async fn publish(
    server: &Server,
    connection: &Connection,
    building: &str,
    name: &str,
    secrets: &[&Secret],
    mark: &Mark,
    links: &[Link],
) -> Result<()> {
    let inside = Connection::inside(server, building).await?;
    extensions::open(&inside).await?;
    // clones have planner statistics and no hint bits to set; autovacuum has no reason to come
    inside.execute("gather statistics", "VACUUM (ANALYZE)").await?;
    let rows = inside.rows("measure the template", "SELECT pg_database_size(current_database()) AS bytes").await?;
    let bytes = rows.first().and_then(|row| row.get("bytes")?.parse().ok());
    let needles: Vec<&str> = std::iter::once(name).chain(secrets.iter().map(|secret| secret.expose())).collect();
    let references = leftover_references::find(&inside, &needles).await?;
    drop(inside);

    let steps = links.iter().skip(1).map(StepFacts::of).collect();
    let last = incremental::facts(links.last().expect("there is a head"));
    let facts = Facts { bytes, steps, leftover_references: references, ..last };
    let (from, to) = (identifier(building), identifier(name));
    let close = format!("ALTER DATABASE {from} ALLOW_CONNECTIONS false; {}", evict_sql(building));
    connection.execute("close the template", &close).await?;
    let sql = format!(
        "ALTER ROLE {to} NOLOGIN PASSWORD NULL;
         REVOKE {} FROM {to};
         ALTER DATABASE {from} OWNER TO CURRENT_USER;
         COMMENT ON DATABASE {from} IS {};
         ALTER DATABASE {from} RENAME TO {to};",
        identifier(&builders(&mark.home)),
        literal(&facts.comment(mark))
    );
    without_sessions(server, connection, building, &format!("publish template `{name}`"), &sql).await
}
