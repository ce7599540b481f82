//! The roles that harness makes. Each is made together with its mark in one transaction. Passwords are sent as
//! SCRAM verifiers, so that none appears in the server's log or in `pg_stat_statements`.

use postgres_protocol::password::scram_sha_256;

use crate::system::Secret;

use super::connection::Connection;
use super::mark::{Mark, OwnedKind};
use super::sql::{identifier, literal};
use super::{Result, Server};

/// The group that may connect to the server's own database, where Django, Rails and Prisma issue
/// their CREATE DATABASE. A group, because ten launches that grant on one database collide.
pub(super) const CREATORS: &str = "harness_creators";

/// The group of roles that build templates on a server of ours: `pg_hba.conf` keeps them out of agents' databases.
pub(super) const BUILDERS: &str = "harness_builders";

/// A role to make.
pub(super) struct NewRole<'a> {
    pub(super) name: &'a str,
    pub(super) mark: &'a Mark,
    pub(super) password: &'a Secret,
    /// Without it, the role cannot log in until [`allow_login_sql`].
    pub(super) login: bool,
    pub(super) create_databases: bool,
    pub(super) replication: bool,
    /// Groups whose privileges it has.
    pub(super) member_of: &'a [String],
    /// Roles that the project shares between agents (`[database] roles`): it becomes a member.
    pub(super) shared: &'a [String],
}

impl NewRole<'_> {
    /// The statements, to be sent at once so that the role never exists unmarked. A role of ours that `exists`
    /// is changed to what a new one would be.
    pub(super) fn sql(&self, connection: &Connection, server: &Server, exists: bool) -> String {
        let verb = if exists { "ALTER" } else { "CREATE" };
        let name = identifier(self.name);
        let login = if self.login { "LOGIN" } else { "NOLOGIN" };
        let create = if self.create_databases { "CREATEDB" } else { "NOCREATEDB" };
        // an administrator that is no superuser may not even say NOREPLICATION
        let replication = match (self.replication, connection.is_superuser()) {
            (true, _) => " REPLICATION",
            (false, true) => " NOREPLICATION",
            (false, false) => "",
        };
        // On an external server nothing but privileges keeps agents apart. There, what one agent grants to a shared
        // role must not admit the others: a member has to say SET ROLE, which it cannot before it is connected.
        let (inherit, option) = match connection.version().major {
            _ if !server.access.external => ("", ""),
            16.. => ("", " WITH INHERIT FALSE, SET TRUE"),
            // before 16 it is the role that inherits or not, and a role that builds must
            _ if self.member_of.is_empty() => (" NOINHERIT", ""),
            _ => ("", ""),
        };
        let mut statements = vec![
            format!("{verb} ROLE {name} {login} {create}{replication}{inherit} PASSWORD {}", verifier(self.password)),
            format!("COMMENT ON ROLE {name} IS {}", literal(&self.mark.to_string())),
        ];
        if !connection.is_superuser() {
            // an admin that is no superuser must be a member to give it databases and objects
            statements.push(format!("GRANT {name} TO CURRENT_USER"));
        }
        statements.extend(self.member_of.iter().map(|group| format!("GRANT {} TO {name}", identifier(group))));
        statements.extend(self.shared.iter().map(|role| format!("GRANT {} TO {name}{option}", identifier(role))));
        if !self.member_of.is_empty() && !server.access.external {
            statements.push(format!("GRANT {BUILDERS} TO {name}"));
        }
        if self.create_databases && !server.access.external {
            statements.push(format!("GRANT {CREATORS} TO {name}"));
        }
        statements.join("; ")
    }
}

/// A quoted SCRAM-SHA-256 verifier.
fn verifier(password: &Secret) -> String {
    literal(&scram_sha_256(password.expose().as_bytes()))
}

/// Lets a role of ours log in, with this password.
pub(super) fn allow_login_sql(role: &str, password: Option<&Secret>) -> String {
    let password = password.map(|password| format!(" PASSWORD {}", verifier(password))).unwrap_or_default();
    format!("ALTER ROLE {} LOGIN{password}", identifier(role))
}

/// Makes the cluster-wide roles that migrations expect, as far as they are missing. Existing ones
/// are used unchanged: they may not be ours.
pub(super) async fn ensure_shared(connection: &Connection, mark: &Mark, roles: &[String]) -> Result<()> {
    if roles.is_empty() {
        return Ok(());
    }
    let each: Vec<String> = roles
        .iter()
        .map(|role| {
            let (name, known, mark) = (identifier(role), literal(role), literal(&mark.to_string()));
            format!(
                "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {known}) THEN \
                   CREATE ROLE {name} NOLOGIN; COMMENT ON ROLE {name} IS {mark}; END IF;"
            )
        })
        .collect();
    // the lock: other projects may expect the same roles at the same moment
    let each = each.join(" ");
    let sql = format!("SELECT pg_advisory_xact_lock(7235421987654321); DO $harness$ BEGIN {each} END $harness$");
    connection.execute("create the roles that migrations expect", &sql).await
}

/// The role that owns what a home is building.
pub(super) fn builders(home: &str) -> String {
    format!("tpl_builders_{home}")
}

/// Makes the home's builders, if need be.
pub(super) async fn ensure_builders(connection: &Connection, home: &str) -> Result<()> {
    let mark = Mark::new(home, "-", None, OwnedKind::Builders);
    ensure_shared(connection, &mark, &[builders(home)]).await?;
    if !connection.is_superuser() {
        let sql = format!("GRANT {} TO CURRENT_USER", identifier(&builders(home)));
        connection.execute("join the builders", &sql).await?;
    }
    Ok(())
}
