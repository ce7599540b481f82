//! SQL files: extensions that they ask for.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::Facts;
use super::sql_migrations;
use super::tree::{Tree, extension_of};

static EXTENSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)create\s+extension\s+(?:if\s+not\s+exists\s+)?\\?["']?([a-z][a-z0-9_-]*)"#)
        .expect("the pattern is right")
});

/// Extensions that every PostgreSQL has, or that packages bring.
const KNOWN: [&str; 22] = [
    "uuid-ossp",
    "vector",
    "pg_trgm",
    "citext",
    "hstore",
    "pgcrypto",
    "postgis",
    "unaccent",
    "btree_gin",
    "btree_gist",
    "ltree",
    "intarray",
    "fuzzystrmatch",
    "tablefunc",
    "earthdistance",
    "cube",
    "pg_stat_statements",
    "postgis_topology",
    "pgroonga",
    "timescaledb",
    "isn",
    "dblink",
];

/// The extensions of Prisma's `extensions = [uuidOssp(map: "uuid-ossp"), vector]`.
pub(super) fn extensions_of_prisma(list: &str) -> Vec<String> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let name = |entry: &str| match entry.split_once("map:") {
        Some((_, rest)) => rest.split('"').nth(1).unwrap_or_default().to_owned(),
        None => {
            entry.chars().take_while(|character| character.is_alphanumeric() || "_-".contains(*character)).collect()
        }
    };
    entries.map(name).filter(|name| KNOWN.contains(&name.as_str())).collect()
}

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for (path, text) in tree.sources("", &["sql", "py", "rb", "ts", "js", "exs", "php"]) {
        let is_schema = path.contains("migrat") || (extension_of(path) == "sql") || path.ends_with("schema.rb");
        if !is_schema || path.split('/').any(|part| ["test", "tests", "docs", "fixtures"].contains(&part)) {
            continue;
        }
        let mut names: Vec<String> = EXTENSION.captures_iter(text).map(|found| found[1].to_lowercase()).collect();
        let enabled = text.lines().filter_map(|line| line.trim().strip_prefix("enable_extension"));
        names.extend(enabled.filter_map(|rest| Some(rest.split(['"', '\'']).nth(1)?.to_owned())));
        for name in names.into_iter().filter(|name| KNOWN.contains(&name.as_str())) {
            if facts.extensions.insert(name.clone()) {
                facts.see(format!("the extension {name}"), path);
            }
        }
    }
    sql_migrations::detect(tree, &mut facts);
    facts
}
