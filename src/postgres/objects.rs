//! The databases and roles of a server, and which of them are ours.

use super::connection::{Connection, flag, optional, text};
use super::mark::{Facts, Mark};
use super::sql::literals;
use super::{Error, ObjectType, Result};

/// A database.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) name: String,
    /// Whether it can be connected to.
    pub(super) open: bool,
    comment: Option<String>,
    owner_comment: Option<String>,
    /// False when a DROP DATABASE was interrupted: it cannot be used any more.
    pub(super) valid: bool,
}

impl Database {
    /// Our mark on it, or, where it has none (it was just being created, or an agent made it), on the
    /// role that owns it. `None`: it is not ours.
    pub(super) fn mark(&self, home: &str) -> Option<Mark> {
        match self.comment.as_deref().map(Mark::parse) {
            Some(Some(mark)) => Some(mark).filter(|mark| mark.home == home),
            _ => Mark::of_home(self.owner_comment.as_deref(), home),
        }
    }

    /// Whether a role of this home owns it. The owner of a database can copy a comment; only a role that may
    /// alter the role.
    pub(super) fn is_owned(&self, home: &str) -> bool {
        self.owner_mark(home).is_some()
    }

    /// Our mark on the role that owns it.
    pub(super) fn owner_mark(&self, home: &str) -> Option<Mark> {
        Mark::of_home(self.owner_comment.as_deref(), home)
    }

    pub(super) fn facts(&self) -> Facts {
        self.comment.as_deref().map(Facts::parse).unwrap_or_default()
    }

    /// Our mark, or the error that it is not ours.
    pub(super) fn ours(&self, home: &str) -> Result<Mark> {
        self.mark(home).ok_or_else(|| foreign(ObjectType::Database, &self.name, self.comment.as_ref()))
    }
}

/// A role.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) login: bool,
    comment: Option<String>,
}

impl Role {
    /// Our mark on it.
    pub(super) fn mark(&self, home: &str) -> Option<Mark> {
        Mark::of_home(self.comment.as_deref(), home)
    }

    /// Our mark, or the error that it is not ours.
    pub(super) fn ours(&self, home: &str) -> Result<Mark> {
        self.mark(home).ok_or_else(|| foreign(ObjectType::Role, &self.name, self.comment.as_ref()))
    }
}

fn foreign(object: ObjectType, name: &str, comment: Option<&String>) -> Error {
    Error::Foreign { object, name: name.to_owned(), comment: comment.cloned() }
}

const DATABASES: &str = "SELECT d.datname, d.datallowconn, d.datconnlimit <> -2 AS valid, \
    shobj_description(d.oid, 'pg_database') AS comment, shobj_description(r.oid, 'pg_authid') AS owner_comment \
    FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba";
const ROLES: &str = "SELECT rolname, rolcanlogin, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles";

/// Every database that is not the server's own, oldest first.
pub(super) async fn databases(connection: &Connection) -> Result<Vec<Database>> {
    let sql = format!("{DATABASES} WHERE d.oid >= 16384 ORDER BY d.oid");
    Ok(connection.rows("list databases", &sql).await?.iter().map(database).collect())
}

/// Every role that is not the server's own.
pub(super) async fn roles(connection: &Connection) -> Result<Vec<Role>> {
    let sql = format!("{ROLES} WHERE oid >= 16384 ORDER BY oid");
    Ok(connection.rows("list roles", &sql).await?.iter().map(role).collect())
}

/// The databases and roles of exactly these names.
pub(super) async fn named(connection: &Connection, names: &[&str]) -> Result<(Vec<Database>, Vec<Role>)> {
    let list = literals(names.iter().copied());
    let sql = format!("{DATABASES} WHERE d.datname IN ({list}); {ROLES} WHERE rolname IN ({list})");
    let results = connection.results("list databases and roles", &sql).await?;
    let of = |index: usize| results.get(index).map(Vec::as_slice).unwrap_or_default();
    Ok((of(0).iter().map(database).collect(), of(1).iter().map(role).collect()))
}

/// The database of exactly this name.
pub(super) async fn database_named(connection: &Connection, name: &str) -> Result<Option<Database>> {
    Ok(named(connection, &[name]).await?.0.pop())
}

fn database(row: &tokio_postgres::SimpleQueryRow) -> Database {
    Database {
        name: text(row, "datname"),
        open: flag(row, "datallowconn"),
        valid: flag(row, "valid"),
        comment: optional(row, "comment"),
        owner_comment: optional(row, "owner_comment"),
    }
}

fn role(row: &tokio_postgres::SimpleQueryRow) -> Role {
    Role { name: text(row, "rolname"), login: flag(row, "rolcanlogin"), comment: optional(row, "comment") }
}
