//! Rust: which servers the packages of a workspace speak to, by what they depend on.
//!
//! Dependencies of tests, and packages beside the application, ask for nothing; nor does one that is left out unless a
//! feature is asked for.

use crate::project::detect::facts::{BackingService, Facts};
use crate::project::detect::tree::{Tree, is_aside};

/// Packages that speak to one server only; a `redis` among the features of any other says as much.
const CLIENTS: [(&str, BackingService); 17] = [
    ("redis", BackingService::Redis),
    ("deadpool-redis", BackingService::Redis),
    ("bb8-redis", BackingService::Redis),
    ("r2d2_redis", BackingService::Redis),
    ("mobc-redis", BackingService::Redis),
    ("fred", BackingService::Redis),
    ("rustis", BackingService::Redis),
    ("redis-pool", BackingService::Redis),
    ("redis_rs", BackingService::Redis),
    ("rusty-sidekiq", BackingService::Redis),
    ("apalis-redis", BackingService::Redis),
    ("async-redis-session", BackingService::Redis),
    ("tower-sessions-redis-store", BackingService::Redis),
    ("tokio-postgres", BackingService::Postgres),
    ("deadpool-postgres", BackingService::Postgres),
    ("mysql_async", BackingService::Mysql),
    ("mongodb", BackingService::Mongodb),
];

/// Packages that speak to the server of one of their features.
const BY_FEATURE: [&str; 8] =
    ["sqlx", "diesel", "diesel-async", "sea-orm", "rocket_db_pools", "rocket_sync_db_pools", "postgres", "mysql"];

/// A dependency as some table of a manifest has it.
struct Dependency<'t> {
    name: &'t str,
    features: Vec<&'t str>,
    is_optional: bool,
}

/// Notes the servers that the packages in the manifests of a workspace speak to.
pub(in crate::project::detect) fn needs(tree: &Tree, facts: &mut Facts) {
    for path in tree.named("Cargo.toml").into_iter().filter(|path| !is_aside(path)) {
        let Some(table) = tree.toml(path) else { continue };
        let asked = asked(&table);
        let is_there = |one: &&Dependency<'_>| !one.is_optional || asked.contains(&one.name);
        for dependency in dependencies(&table).iter().filter(is_there) {
            for service in services(dependency) {
                facts.need(service, format!("{path}: {}", dependency.name));
            }
        }
    }
}

fn services(dependency: &Dependency<'_>) -> Vec<BackingService> {
    let has = |word: &str| dependency.features.iter().any(|feature| feature.contains(word));
    let by_name = CLIENTS.iter().filter(|(name, _)| *name == dependency.name).map(|(_, service)| *service);
    let mut found: Vec<BackingService> = by_name.collect();
    if has("redis") {
        found.push(BackingService::Redis);
    }
    if BY_FEATURE.contains(&dependency.name) || has("sqlx") {
        // a client for one of several databases: the one that a file keeps needs no server
        for (word, service) in [("postgres", BackingService::Postgres), ("mysql", BackingService::Mysql)] {
            if has(word) || dependency.name == word {
                found.push(service);
            }
        }
    }
    found
}

fn own(table: &toml::Table) -> Option<&toml::Table> {
    table.get("dependencies")?.as_table()
}

/// What a manifest depends on, its workspace's list included.
fn dependencies(table: &toml::Table) -> Vec<Dependency<'_>> {
    let mut tables: Vec<&toml::Table> = own(table).into_iter().collect();
    tables.extend(table.get("workspace").and_then(toml::Value::as_table).and_then(own));
    let targets = table.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    tables.extend(targets.filter_map(toml::Value::as_table).filter_map(own));
    tables
        .into_iter()
        .flatten()
        .map(|(name, value)| Dependency {
            name: value.get("package").and_then(toml::Value::as_str).unwrap_or(name),
            features: value
                .get("features")
                .and_then(toml::Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(toml::Value::as_str)
                .collect(),
            is_optional: value.get("optional").and_then(toml::Value::as_bool).unwrap_or_default(),
        })
        .collect()
}

/// What the features that a package has by default turn on, by name.
fn asked(table: &toml::Table) -> Vec<&str> {
    let Some(features) = table.get("features").and_then(toml::Value::as_table) else { return Vec::new() };
    let mut found = vec!["default"];
    let mut at = 0;
    while at < found.len() {
        let list = features.get(found[at]).and_then(toml::Value::as_array).into_iter().flatten();
        for entry in list.filter_map(toml::Value::as_str) {
            let name = entry.trim_start_matches("dep:").split(['/', '?']).next().unwrap_or_default();
            if !found.contains(&name) {
                found.push(name);
            }
        }
        at += 1;
    }
    found
}

/// Whether a package of the tree speaks to PostgreSQL.
pub(in crate::project::detect) fn speaks_postgres(tree: &Tree) -> bool {
    let mut facts = Facts::default();
    needs(tree, &mut facts);
    facts.needs.contains_key(&BackingService::Postgres)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(files: &[(&str, &str)]) -> Vec<BackingService> {
        let tree = Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))));
        let mut facts = Facts::default();
        needs(&tree, &mut facts);
        facts.needs.into_keys().collect()
    }

    #[test]
    fn servers_are_found_in_every_table_and_in_features() {
        use BackingService::{Mongodb, Mysql, Postgres, Redis};
        for (text, expected) in [
            ("[dependencies.redis]\nversion = '1'", vec![Redis]),
            ("[workspace.dependencies]\nfred = '9'", vec![Redis]),
            (
                "[dependencies]\nactix-session = { version = '0.10', features = [\n  'redis-session-rustls',\n] }",
                vec![Redis],
            ),
            ("[dependencies]\ncache = { package = 'deadpool-redis', version = '1' }", vec![Redis]),
            ("[target.'cfg(unix)'.dependencies]\nredis = '1'", vec![Redis]),
            ("[dev-dependencies]\nredis = '1'", vec![]),
            ("[dependencies]\nredis = { version = '1', optional = true }", vec![]),
            (
                "[features]\ndefault = ['store']\nstore = ['dep:redis']\n[dependencies]\nredis = { version = '1', optional = true }",
                vec![Redis],
            ),
            ("[dependencies]\nredis-macros-free = '1'", vec![]),
            ("[dependencies]\nsqlx = { version = '0.8', features = ['postgres'] }", vec![Postgres]),
            ("[dependencies]\nsea-orm = { version = '1', features = ['sqlx-mysql'] }", vec![Mysql]),
            ("[dependencies]\nmongodb = '3'", vec![Mongodb]),
        ] {
            assert_eq!(look(&[("Cargo.toml", text)]), expected, "{text}");
        }
        let tests = ("tests/load/Cargo.toml", "[dependencies]\nredis = '1'");
        assert!(look(&[("Cargo.toml", ""), tests]).is_empty(), "tests ask for nothing");
    }
}
