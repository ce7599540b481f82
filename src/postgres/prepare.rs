//! What a server that harness runs needs once, before the first template: the database `postgres` and `template1`
//! closed to agents, and statement statistics.

use super::connection::{Connection, flag, text};
use super::roles::{BUILDERS, CREATORS};
use super::sql::identifier;
use super::{Error, Result, Server, hba};

/// Makes a server ready for agents; done already, it costs one connection and one question. The
/// permissions of an external server are left alone.
pub async fn prepare(server: &Server) -> Result<()> {
    prepare_with(server, &Connection::admin(server).await?).await
}

pub(super) async fn prepare_with(server: &Server, connection: &Connection) -> Result<()> {
    if server.access.external {
        return check_privileges(server, connection).await;
    }
    hba::ensure(connection, &server.user).await?;
    if is_prepared(connection).await? {
        return Ok(());
    }
    let database = identifier(&server.database);
    // the lock: two first commands would update the same catalogue rows
    let sql = format!(
        "SELECT pg_advisory_xact_lock(7235421987654322);
         DO $$ BEGIN
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{CREATORS}') THEN
             CREATE ROLE {CREATORS} NOLOGIN;
             COMMENT ON ROLE {CREATORS} IS 'harness: agents that may create databases';
           END IF;
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{BUILDERS}') THEN
             CREATE ROLE {BUILDERS} NOLOGIN;
             COMMENT ON ROLE {BUILDERS} IS 'harness: roles that build templates';
           END IF;
           IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements') THEN
             CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
           END IF;
         END $$;
         REVOKE CONNECT, TEMP ON DATABASE {database}, template1 FROM PUBLIC;
         GRANT CONNECT ON DATABASE {database} TO {CREATORS};"
    );
    connection.execute("prepare the server for agents", &sql).await
}

/// Whether the administrator of an external server may do what agents need.
async fn check_privileges(server: &Server, connection: &Connection) -> Result<()> {
    let sql = "SELECT concat_ws(' ', CASE WHEN NOT rolcreatedb THEN 'CREATEDB' END, \
                                     CASE WHEN NOT rolcreaterole THEN 'CREATEROLE' END) AS missing \
                 FROM pg_roles WHERE rolname = current_user AND NOT rolsuper";
    let rows = connection.rows("read the administrator's privileges", sql).await?;
    match rows.first().map(|row| text(row, "missing")) {
        Some(missing) if !missing.is_empty() => Err(Error::LacksPrivilege { user: server.user.clone(), missing }),
        _ => Ok(()),
    }
}

/// Whether agents' roles can have REPLICATION and use it.
///
/// # Errors
/// The log level is lower, or the administrator may not give it.
pub async fn check_replication(server: &Server) -> Result<()> {
    let connection = Connection::admin(server).await?;
    let sql = "SELECT current_setting('wal_level') AS level, rolreplication FROM pg_roles WHERE rolname = current_user";
    let rows = connection.rows("read the server's log level", sql).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let level = text(row, "level");
    if level != "logical" {
        return Err(Error::NoReplication { level, external: server.access.external });
    }
    // since 16, who has it may give it
    let may_give = connection.is_superuser() || (connection.version().major >= 16 && flag(row, "rolreplication"));
    if may_give {
        return Ok(());
    }
    let missing = if connection.version().major >= 16 { "REPLICATION" } else { "SUPERUSER" };
    Err(Error::LacksPrivilege { user: server.user.clone(), missing: missing.to_owned() })
}

async fn is_prepared(connection: &Connection) -> Result<bool> {
    let sql = format!(
        "SELECT NOT EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS acl \
                             WHERE d.datname IN (current_database(), 'template1') \
                               AND acl.grantee = 0 AND acl.privilege_type = 'CONNECT') \
                AND (SELECT count(*) FROM pg_roles WHERE rolname IN ('{CREATORS}', '{BUILDERS}')) = 2 AS prepared"
    );
    Ok(connection.rows("inspect the server", &sql).await?.first().is_some_and(|row| flag(row, "prepared")))
}
