//! What PostgreSQL refuses to a step that a setting of `[database]` allows.

use std::sync::LazyLock;

use regex::Regex;

/// Types, functions and operator classes that migrations use, with the extension that brings them.
const BROUGHT_BY: [(&str, &str); 10] = [
    ("vector", "vector"),
    ("halfvec", "vector"),
    ("citext", "citext"),
    ("hstore", "hstore"),
    ("geometry", "postgis"),
    ("geography", "postgis"),
    ("ltree", "ltree"),
    ("uuid_generate_v4", "uuid-ossp"),
    ("gen_random_bytes", "pgcrypto"),
    ("gin_trgm_ops", "pg_trgm"),
];

static ROLE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"role "([^"]+)" does not exist"#));
static EXTENSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#"permission denied to create extension "([^"]+)""#));
static MISSING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:type|function|operator class) "?([a-z_0-9]+)"?.* does not exist"#));

/// What only a superuser may do.
static SUPERUSER: LazyLock<Regex> = LazyLock::new(|| {
    let said =
        ["ERROR: .*must be superuser", "error: must be superuser", "^must be superuser", "must be owner of extension"];
    let denied = "permission denied (?:for language|to (?:create event trigger|set parameter|alter role|\
                  create foreign-data wrapper|set session authorization))";
    pattern(&format!("{}|{denied}", said.join("|")))
});
static REPLICATION: LazyLock<Regex> = LazyLock::new(|| {
    let said = [
        "must be superuser or replication role",
        "permission denied to (?:use replication slots|start WAL sender)",
        "Only roles with the REPLICATION attribute",
        "must have replication",
        "(?:logical decoding|replication slots?) (?:requires|can only be used)[^,]*wal_level",
    ];
    pattern(&said.join("|"))
});

const ADMIN: &str =
    "set `admin = true` on the step of `[database.template]` that does so: the server's administrator runs it";

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant")
}

/// The setting that makes a failed step work; `None` where its output names no such reason.
pub(super) fn of<'a>(mut output: impl DoubleEndedIterator<Item = &'a str>) -> Option<String> {
    // the last error is the one that ended the step
    output.by_ref().rev().find_map(|line| {
        if line.contains("permission denied to create database") {
            return Some("set `create = true` in `[database]`, so that agents may create databases".to_owned());
        }
        if let Some(found) = ROLE.captures(line) {
            return Some(format!("add the role to `[database]`: `roles = [\"{}\"]`", &found[1]));
        }
        if line.contains("permission denied to create role") {
            return Some(format!("list the roles that migrations create in `roles` of `[database]`, or {ADMIN}"));
        }
        if REPLICATION.is_match(line) {
            return Some("set `replication = true` in `[database]`, so that agents may replicate".to_owned());
        }
        if SUPERUSER.is_match(line) {
            return Some(ADMIN.to_owned());
        }
        if let Some(found) = EXTENSION.captures(line) {
            return Some(extension(&found[1]));
        }
        let missing = MISSING.captures(line)?;
        let (_, name) = BROUGHT_BY.iter().find(|(thing, _)| *thing == &missing[1])?;
        Some(extension(name))
    })
}

fn extension(name: &str) -> String {
    format!("add the extension to `[database]`: `extensions = [\"{name}\"]`")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn the_setting_is_named() {
        for (line, setting) in [
            ("ERROR:  role \"reporting\" does not exist", "roles = [\"reporting\"]"),
            ("psql:x.sql:1: ERROR:  permission denied to create role", "`roles` of `[database]`"),
            ("ERROR:  permission denied to create role", "`admin = true`"),
            ("ERROR:  permission denied to create event trigger \"audit\"", "`admin = true`"),
            ("permission denied to set parameter \"session_replication_role\"", "`admin = true`"),
            ("ERROR:  must be superuser to create FOR ALL TABLES publication", "`admin = true`"),
            ("ERROR:  permission denied for language plpython3u", "`admin = true`"),
            ("ERROR:  must be superuser or replication role to use replication slots", "replication = true"),
            ("ERROR:  permission denied to use replication slots", "replication = true"),
            ("ERROR:  logical decoding requires wal_level >= logical", "replication = true"),
            ("ERROR:  permission denied to create extension \"postgis\"", "extensions = [\"postgis\"]"),
            ("error: type \"vector\" does not exist", "extensions = [\"vector\"]"),
            ("ERROR:  function uuid_generate_v4() does not exist", "extensions = [\"uuid-ossp\"]"),
            (
                "ERROR: operator class \"gin_trgm_ops\" does not exist for access method \"gin\"",
                "extensions = [\"pg_trgm\"]",
            ),
            ("django.db.utils.ProgrammingError: permission denied to create database", "create = true"),
        ] {
            let found = of(["Running migrations", line, "exited"].into_iter());
            assert!(found.as_ref().is_some_and(|found| found.contains(setting)), "{line}: {found:?}");
        }
        for line in ["ERROR:  relation \"items\" does not exist", "ERROR:  function add(integer) does not exist", ""] {
            assert_eq!(of([line].into_iter()), None, "{line}");
        }
    }
}
