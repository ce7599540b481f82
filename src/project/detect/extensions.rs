//! Extensions of PostgreSQL that an application may ask for.

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

/// Whether a word is the name of an extension.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}
