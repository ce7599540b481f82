//! Who may enter which database: the rules of `pg_hba.conf` on a server that harness runs.
//!
//! Privileges alone cannot keep agents apart. Roles belong to the whole server, so a migration of one agent that
//! says `GRANT CONNECT ... TO reporting` gives access to every agent that is a member of `reporting`, and PostgreSQL
//! lets every role into a database that an agent makes. These rules are checked before any privilege: a role enters
//! the database of its own name, no role but the administrator's enters another agent's, and an agent without
//! `create = true` enters nothing else.
//!
//! The first line that fits decides. The agents are listed by name, because only PostgreSQL 16 and later know
//! patterns here, and because the list holds for roles that do not exist yet.
//!
//! The native engine writes the file before every start. In a container, and in a data directory of an older
//! version, [`ensure`] writes it through SQL. harness does not write an external server's file: there,
//! agents do not inherit what shared roles are granted ([`super::roles`]).

use super::Result;
use super::connection::{Connection, text};
use super::roles::{BUILDERS, CREATORS};
use super::sql::literal;
use crate::project::AgentId;

/// Where connections may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This machine: loopback and a Unix socket, with the same rules.
    Machine,
    /// Any network of a container, whose port is published on loopback only; its own socket is for its own tools.
    Container,
}

/// The text of `pg_hba.conf`.
pub fn rules(admin: &str, origin: Origin) -> String {
    let ids = (1..=AgentId::MAX).filter_map(|id| AgentId::try_from(id).ok());
    let agents: Vec<String> = ids.map(AgentId::database).collect();
    let agents = agents.join(",");
    let mut lines = vec!["# written by harness".to_owned()];
    // how a connection comes, and from where; a Unix socket has no address
    let ways: &[(&str, &str)] = match origin {
        Origin::Machine => &[("local", ""), ("host", "127.0.0.1/32 "), ("host", "::1/128 ")],
        Origin::Container => {
            lines.push("local all all trust".to_owned());
            &[("host", "all ")]
        }
    };
    for (way, from) in ways {
        lines.extend([
            format!("{way} all \"{admin}\" {from}scram-sha-256"),
            format!("{way} sameuser all {from}scram-sha-256"),
            format!("{way} {agents} {agents},+{BUILDERS} {from}reject"),
            format!("{way} all +{CREATORS} {from}scram-sha-256"),
            format!("{way} all {agents} {from}reject"),
            format!("{way} all all {from}scram-sha-256"),
        ]);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Writes the rules where the server has others, and has it read them.
pub(super) async fn ensure(connection: &Connection, admin: &str) -> Result<()> {
    let sql = "SELECT pg_read_file(current_setting('hba_file')) AS rules, current_setting('hba_file') AS file, \
                      current_setting('listen_addresses') = '*' AS everywhere";
    let rows = connection.rows("read pg_hba.conf", sql).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    // in a container it listens on all addresses
    let origin = if row.get("everywhere") == Some("t") { Origin::Container } else { Origin::Machine };
    let (wanted, file) = (rules(admin, origin), text(row, "file"));
    if text(row, "rules") == wanted {
        return Ok(());
    }
    // a file beside it that is renamed: a server that dies meanwhile finds the old rules or the new ones
    let quoted = file.replace('\'', "'\\''");
    let program = format!("cat > '{quoted}.new' && mv '{quoted}.new' '{quoted}'");
    let sql = format!(
        "COPY (SELECT unnest(string_to_array({}, E'\\n'))) TO PROGRAM {}; SELECT pg_reload_conf()",
        literal(wanted.trim_end_matches('\n')),
        literal(&program)
    );
    connection.execute("write pg_hba.conf", &sql).await
}
