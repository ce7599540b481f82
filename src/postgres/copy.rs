//! Copying a database. Templates, clones, snapshots and restores all are copies. The strategy (`WAL_LOG` or
//! `FILE_COPY`) is chosen here by version, size and durability.
//!
//! The copy is created closed (`ALLOW_CONNECTIONS false`), loses what PUBLIC may do with it, gets the
//! settings that CREATE DATABASE leaves behind, and only then is opened. Between CREATE and REVOKE
//! anyone could connect otherwise (tried on 15 and 18).
//!
//! Objects of the source that belong to a template's role, or a spare's, are given to the new owner inside the copy;
//! the source is not touched. Which roles these are is read from `pg_shdepend`, so a template, a state
//! kept by another template and an agent's own snapshot need no different treatment. REASSIGN OWNED
//! also moves the *databases* of a role, therefore a template's role never owns one.
//!
//! CREATE DATABASE waits up to 5 s for sessions on its source and holds a lock that keeps new ones
//! out. So sessions are ended before it starts, and again from a second connection while it waits.

use super::connection::{Connection, flag, optional, text};
use super::mark::{Facts, Mark, OwnedKind};
use super::ownership::{self, Owner};
use super::sessions::{evict_sql, without_sessions};
use super::sql::{identifier, literal, literals};
use super::{Error, Result, Server};

/// Above this size, copying files beats logging every page. About 30 MB: tried on 15.
const FILE_COPY_FROM: u64 = 30 * 1024 * 1024;

/// A database to copy.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    /// Roles of templates and spares that own objects in it.
    owners: Vec<Owner>,
    settings: Vec<Setting>,
    bytes: Option<u64>,
    fsync: bool,
}

/// A row of `pg_db_role_setting`.
#[derive(Debug)]
struct Setting {
    role: Option<String>,
    name: String,
    value: String,
}

/// What the copy is to be.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    /// Who owns the database.
    pub(super) owner: &'a str,
    /// Who is given the objects of templates' roles.
    pub(super) objects: &'a str,
    pub(super) mark: &'a Mark,
    pub(super) facts: &'a Facts,
    /// Whether it can be connected to in the end.
    pub(super) open: bool,
}

impl Source {
    /// The pristine database of every server.
    pub(super) fn pristine() -> Self {
        // small enough for any strategy; logging it is the fastest
        Self { name: "template0".into(), owners: Vec::new(), settings: Vec::new(), bytes: Some(0), fsync: true }
    }

    /// Reads what is to be known of a database, and ends the sessions on it.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none of this name.
    pub(super) async fn inspect(connection: &Connection, name: &str) -> Result<Self> {
        let quoted = literal(name);
        let sql = format!(
            "SELECT shobj_description(oid, 'pg_database') AS comment, current_setting('fsync') = 'on' AS fsync \
               FROM pg_database WHERE datname = {quoted};
             SELECT r.rolname, shobj_description(r.oid, 'pg_authid') AS comment, \
                    bool_or(s.deptype <> 'o' OR s.classid = 'pg_default_acl'::regclass) AS entangled \
               FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid \
              WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = {quoted}) \
                AND s.refclassid = 'pg_authid'::regclass GROUP BY r.oid, r.rolname;
             SELECT r.rolname, c.setting, d.oid IS NOT NULL AS here \
               FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole \
               LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS c (setting) \
              WHERE d.datname = {quoted} OR s.setdatabase = 0;
             {}",
            evict_sql(name)
        );
        let results = connection.results(&format!("inspect database `{name}`"), &sql).await?;
        let [about, owners, settings, _] = &results[..] else { return Err(Error::Missing { name: name.into() }) };
        let Some(about) = about.first() else { return Err(Error::Missing { name: name.into() }) };
        let owners: Vec<Owner> = owners
            .iter()
            .filter(|row| {
                let mark = row.get("comment").and_then(Mark::parse);
                mark.is_some_and(|mark| matches!(mark.kind, OwnedKind::Template | OwnedKind::Spare))
            })
            .map(|row| Owner { name: text(row, "rolname"), entangled: flag(row, "entangled") })
            .collect();
        let settings = settings
            .iter()
            .filter_map(|row| {
                let role = optional(row, "rolname");
                // a setting that the agent's role has in every database counts as well
                let applies = flag(row, "here") || role.as_deref().is_some_and(|role| owns(&owners, role));
                let (name, value) = row.get("setting")?.split_once('=')?;
                applies.then(|| Setting { role, name: name.to_owned(), value: value.to_owned() })
            })
            .collect();
        let bytes = about.get("comment").and_then(|comment| Facts::parse(comment).bytes);
        Ok(Self { name: name.to_owned(), owners, settings, bytes, fsync: flag(about, "fsync") })
    }
}

/// Copies `source`. A failure may leave the unfinished copy behind, marked or owned by a marked role.
pub(super) async fn copy(server: &Server, connection: &Connection, source: &Source, target: &Target<'_>) -> Result<()> {
    create(server, connection, source, target).await?;
    settle(server, connection, source, target).await
}

/// Makes a closed database with the contents of `source` what `target` says: all of a copy but the copying.
pub(super) async fn settle(
    server: &Server,
    connection: &Connection,
    source: &Source,
    target: &Target<'_>,
) -> Result<()> {
    connection.execute(&format!("open database `{}`", target.name), &finish_sql(source, target)).await?;
    let others: Vec<&Owner> = source.owners.iter().filter(|owner| owner.name != target.objects).collect();
    if !others.is_empty() {
        let inside = Connection::inside(server, target.name).await?;
        ownership::give(&inside, target.name, &others, target.objects).await?;
    }
    Ok(())
}

async fn create(server: &Server, connection: &Connection, source: &Source, target: &Target<'_>) -> Result<()> {
    let strategy = strategy(connection.version().major, source);
    if strategy == "FILE_COPY" && connection.version().major >= 18 {
        // where the platform can: PostgreSQL falls back to copying on a file system that cannot
        let sql = "SELECT set_config('file_copy_method', 'clone', false) FROM pg_settings \
                   WHERE name = 'file_copy_method' AND 'clone' = ANY (enumvals)";
        connection.rows("choose how files are copied", sql).await?;
    }
    let sql = format!(
        "CREATE DATABASE {} OWNER {} TEMPLATE {} ALLOW_CONNECTIONS false IS_TEMPLATE false STRATEGY {strategy}",
        identifier(target.name),
        identifier(target.owner),
        identifier(&source.name)
    );
    let action = format!("create database `{}` from `{}`", target.name, source.name);
    without_sessions(server, connection, &source.name, &action, &sql).await
}

fn owns(owners: &[Owner], role: &str) -> bool {
    owners.iter().any(|owner| owner.name == role)
}

/// Decided by version, size and durability; see docs/design.md.
fn strategy(major: u32, source: &Source) -> &'static str {
    let large = source.bytes.is_none_or(|bytes| bytes > FILE_COPY_FROM);
    if source.name != "template0" && (major >= 18 || large || !source.fsync) { "FILE_COPY" } else { "WAL_LOG" }
}

/// Turns a closed copy into one that only its owner can use.
fn finish_sql(source: &Source, target: &Target<'_>) -> String {
    let database = identifier(target.name);
    let mut statements = vec![format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC")];
    for setting in &source.settings {
        let whose = match &setting.role {
            None => format!("DATABASE {database}"),
            Some(role) if owns(&source.owners, role) => {
                format!("ROLE {} IN DATABASE {database}", identifier(target.objects))
            }
            Some(role) => format!("ROLE {} IN DATABASE {database}", identifier(role)),
        };
        statements.push(format!("ALTER {whose} SET {} = {}", setting_name(&setting.name), setting_value(setting)));
    }
    statements.push(format!("COMMENT ON DATABASE {database} IS {}", literal(&target.facts.comment(target.mark))));
    if target.open {
        statements.push(format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true"));
    }
    statements.join("; ")
}

/// `app.tenant` is two names.
fn setting_name(name: &str) -> String {
    name.split('.').map(identifier).collect::<Vec<_>>().join(".")
}

/// The value as SET takes it. Lists of names are stored quoted and joined (`"$user", public`), and must
/// be taken apart again, as `pg_dump` does.
fn setting_value(setting: &Setting) -> String {
    const LISTS: [&str; 6] = [
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    ];
    if LISTS.contains(&setting.name.to_ascii_lowercase().as_str()) {
        let names = split_list(&setting.value);
        if !names.is_empty() {
            return literals(names.iter().map(String::as_str));
        }
    }
    literal(&setting.value)
}

fn split_list(list: &str) -> Vec<String> {
    let (mut names, mut name, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => name.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            blank if !quoted && blank.is_whitespace() => {}
            other => name.push(other),
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(bytes: Option<u64>, fsync: bool) -> Source {
        Source {
            name: "tpl".into(),
            owners: vec![Owner { name: "tpl".into(), entangled: false }],
            settings: Vec::new(),
            bytes,
            fsync,
        }
    }

    #[test]
    fn the_strategy_follows_version_size_and_durability() {
        assert_eq!(strategy(15, &source(Some(8 << 20), true)), "WAL_LOG");
        assert_eq!(strategy(15, &source(Some(80 << 20), true)), "FILE_COPY");
        assert_eq!(strategy(15, &source(None, true)), "FILE_COPY");
        assert_eq!(strategy(17, &source(Some(8 << 20), false)), "FILE_COPY");
        assert_eq!(strategy(18, &source(Some(8 << 20), true)), "FILE_COPY");
        assert_eq!(strategy(18, &Source::pristine()), "WAL_LOG");
    }

    #[test]
    fn lists_of_names_are_taken_apart() {
        let setting =
            Setting { role: None, name: "search_path".into(), value: "\"$user\", app, \"My \"\"Schema\"".into() };
        assert_eq!(setting_value(&setting), "'$user', 'app', 'My \"Schema'");
        let setting = Setting { role: None, name: "app.tenant".into(), value: "a, b".into() };
        assert_eq!(
            (setting_name(&setting.name), setting_value(&setting)),
            ("\"app\".\"tenant\"".into(), "'a, b'".into())
        );
    }
}
