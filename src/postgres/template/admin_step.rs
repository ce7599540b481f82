//! What a step that the administrator ran leaves behind: objects, which become the template's, and roles, which must not
//! reach into agents' databases.
//!
//! REASSIGN OWNED does not serve here: it also moves databases, and it refuses the role that `initdb` made. So each object
//! is given away by itself. These stay the administrator's: extensions and what belongs to them, triggers on events with
//! their functions, foreign-data wrappers, and functions in languages that are not trusted.

use std::collections::BTreeSet;

use super::super::connection::{Connection, text};
use super::super::sql::literal;
use super::super::{Error, Result, Server};

/// Gives what the administrator owns in a database, as far as steps made it, to `owner`.
pub(super) async fn give_away(server: &Server, database: &str, owner: &str) -> Result<()> {
    let inside = Connection::inside(server, database).await?;
    inside.execute(&format!("give the objects of `{database}` to `{owner}`"), &give_away_sql(owner)).await
}

fn give_away_sql(owner: &str) -> String {
    let catalogs = [
        ("pg_operator", "oprowner"),
        ("pg_opclass", "opcowner"),
        ("pg_opfamily", "opfowner"),
        ("pg_collation", "collowner"),
        ("pg_conversion", "conowner"),
        ("pg_ts_dict", "dictowner"),
        ("pg_ts_config", "cfgowner"),
        ("pg_statistic_ext", "stxowner"),
        ("pg_publication", "pubowner"),
        ("pg_foreign_server", "srvowner"),
    ];
    let plain = catalogs.map(|(catalog, column)| {
        format!(
            " UNION ALL SELECT '{catalog}'::regclass, oid, 1 FROM {catalog} WHERE {column} = quote_ident(current_user)::regrole"
        )
    });
    let plain = plain.concat();
    format!(
        "DO $harness$ DECLARE one record; BEGIN
           FOR one IN
             WITH owned (class, object, rank) AS (
               SELECT 'pg_namespace'::regclass, oid, 0 FROM pg_namespace WHERE nspowner = quote_ident(current_user)::regrole
               UNION ALL SELECT 'pg_class'::regclass, oid, 1 FROM pg_class c
                WHERE relowner = quote_ident(current_user)::regrole AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                  -- the sequence of a column goes with its table
                  AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                      AND d.refclassid = 'pg_class'::regclass))
               UNION ALL SELECT 'pg_type'::regclass, t.oid, 1 FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                WHERE typowner = quote_ident(current_user)::regrole AND typtype <> 'm' AND coalesce(c.relkind, 'c') = 'c'
                  AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)
               UNION ALL SELECT 'pg_proc'::regclass, p.oid, 1 FROM pg_proc p JOIN pg_language l ON l.oid = prolang
                WHERE proowner = quote_ident(current_user)::regrole AND prorettype <> 'event_trigger'::regtype
                  AND (lanpltrusted OR prokind = 'a')
               UNION ALL SELECT 'pg_largeobject'::regclass, oid, 1 FROM pg_largeobject_metadata
                WHERE lomowner = quote_ident(current_user)::regrole
               {plain}
             )
             SELECT format('ALTER %s %s OWNER TO %I', CASE known.type WHEN 'statistics object' THEN 'STATISTICS'
                      WHEN 'aggregate' THEN 'ROUTINE' ELSE known.type END, known.identity, {}) AS statement
               FROM owned, pg_identify_object(class, object, 0) AS known
              WHERE object >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
                WHERE d.classid = class AND d.objid = object AND d.deptype = 'e')
              ORDER BY rank, object
           LOOP EXECUTE one.statement; END LOOP;
         END $harness$",
        literal(owner)
    )
}

/// A role with something that reaches beyond one database, and the statement that takes it away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mighty {
    what: String,
    remedy: String,
}

/// Every such role but the administrator's. None on an external server, whose roles are not harness's to judge.
pub(super) async fn roles(server: &Server, connection: &Connection) -> Result<BTreeSet<Mighty>> {
    if server.access.external {
        return Ok(BTreeSet::new());
    }
    // members of the administrator or of an agent; a superuser is a member of everything, and is named as such
    let sql = "WITH known AS (SELECT * FROM pg_roles WHERE oid >= 16384 AND rolname <> current_user)
         SELECT format('role `%s` %s', rolname, attribute) AS what, \
                format('ALTER ROLE %I NO%s', rolname, attribute) AS remedy \
           FROM known, LATERAL (VALUES ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), \
                ('REPLICATION', rolreplication AND rolname !~ '^agent_[0-9]+$')) AS has (attribute, is_set) WHERE is_set
         UNION ALL
         SELECT format('role `%s` a member of `%s`', m.rolname, g.rolname), \
                format('REVOKE %I FROM %I CASCADE', g.rolname, m.rolname) \
           FROM pg_auth_members a JOIN known m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid \
          WHERE g.rolname IN (current_user, 'pg_execute_server_program', 'pg_read_server_files', \
                              'pg_write_server_files') OR g.rolname ~ '^agent_[0-9]+$'";
    let rows = connection.rows("look at the roles", sql).await?;
    Ok(rows.iter().map(|row| Mighty { what: text(row, "what"), remedy: text(row, "remedy") }).collect())
}

/// Takes from roles what they have got since `before`.
///
/// # Errors
/// [`Error::MightyRoles`] where there was something to take.
pub(super) async fn disarm_roles(
    server: &Server,
    connection: &Connection,
    step: &str,
    before: &BTreeSet<Mighty>,
) -> Result<()> {
    let after = roles(server, connection).await?;
    let new: Vec<&Mighty> = after.difference(before).collect();
    if new.is_empty() {
        return Ok(());
    }
    let remedies: Vec<&str> = new.iter().map(|one| one.remedy.as_str()).collect();
    connection.execute("take from roles what reaches into every database", &remedies.join("; ")).await?;
    let what: Vec<&str> = new.iter().map(|one| one.what.as_str()).collect();
    Err(Error::MightyRoles { step: step.to_owned(), roles: what.join(", ") })
}
