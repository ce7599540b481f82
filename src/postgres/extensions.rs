//! Extensions of a template, made before its first step.
//!
//! A trusted extension is made as the template's own role, so that it ends up with the agent, who may
//! then comment on it, update it and drop it, as the dumps of `pg_dump` and some migrations do. Others
//! only the admin can make; every role that may connect to the database may use what they bring.

use tokio_postgres::error::SqlState;

use super::connection::{Connection, flag, text};
use super::sql::{identifier, literals};
use super::{Error, Result};

/// An extension that the server could make.
pub(super) struct Available {
    pub(super) name: String,
    trusted: bool,
}

pub(super) async fn available(connection: &Connection, names: &[String]) -> Result<Vec<Available>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT e.name, bool_or(v.trusted) AS trusted FROM pg_available_extensions e \
           LEFT JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version \
          WHERE e.name IN ({}) GROUP BY e.name",
        literals(names.iter().map(String::as_str))
    );
    let rows = connection.rows("list extensions", &sql).await?;
    Ok(rows.iter().map(|row| Available { name: text(row, "name"), trusted: flag(row, "trusted") }).collect())
}

/// Makes the extensions in the database that `inside` is connected to.
pub(super) async fn create(inside: &Connection, names: &[String], owner: &str) -> Result<()> {
    let available = available(inside, names).await?;
    for name in names {
        let Some(found) = available.iter().find(|one| one.name == *name) else {
            return Err(Error::ExtensionMissing { name: name.clone(), major: inside.version().major });
        };
        let action = format!("create extension `{name}`");
        let create = format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE", identifier(name));
        if found.trusted {
            let as_owner = format!("SET LOCAL ROLE {}; {create}; RESET ROLE", identifier(owner));
            match inside.execute(&action, &as_owner).await {
                // it needs one that is not trusted
                Err(error) if error.sql_state() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {}
                other => {
                    other?;
                    continue;
                }
            }
        }
        inside.execute(&action, &create).await?;
    }
    Ok(())
}

/// Grants every role the use of the schemas, tables and sequences of extensions that the admin made.
pub(super) async fn open(inside: &Connection) -> Result<()> {
    let sql = "DO $$ DECLARE one record; BEGIN
        FOR one IN SELECT n.nspname FROM pg_depend d JOIN pg_namespace n ON n.oid = d.objid
          WHERE d.classid = 'pg_namespace'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
        LOOP EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', one.nspname); END LOOP;
        FOR one IN SELECT c.oid::regclass AS relation, c.relkind FROM pg_depend d
          JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_class c ON c.oid = d.objid
          WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
            AND c.relkind IN ('r', 'p', 'S')
        LOOP EXECUTE format('GRANT %s ON %s %s TO PUBLIC',
          CASE one.relkind WHEN 'S' THEN 'ALL' ELSE 'SELECT, INSERT, UPDATE, DELETE' END,
          CASE one.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, one.relation); END LOOP;
        END $$";
    inside.execute("open the extensions' objects", sql).await
}
