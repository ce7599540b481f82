//! PostgreSQL's own extensions, and which Debian package brings another.

/// The Debian packages that bring these extensions to a server of this major version.
pub(crate) fn packages(major: u32, extensions: &[String]) -> Vec<String> {
    let mut packages: Vec<String> = extensions
        .iter()
        .map(|extension| match extension.as_str() {
            "vector" => format!("postgresql-{major}-pgvector"),
            "postgis" | "postgis_raster" | "postgis_topology" | "postgis_tiger_geocoder" | "postgis_sfcgal" => {
                format!("postgresql-{major}-postgis-3")
            }
            "timescaledb" => format!("timescaledb-2-postgresql-{major}"),
            "plv8" => format!("postgresql-{major}-plv8"),
            "plpython3u" => format!("postgresql-plpython3-{major}"),
            "plperl" | "plperlu" => format!("postgresql-plperl-{major}"),
            "pg_cron" => format!("postgresql-{major}-cron"),
            "pg_partman" => format!("postgresql-{major}-partman"),
            "rum" => format!("postgresql-{major}-rum"),
            // contrib: part of the server's own package on Debian
            name if CONTRIB.contains(&name) => format!("postgresql-{major}"),
            other => format!("postgresql-{major}-{}", other.replace('_', "-")),
        })
        .collect();
    packages.sort();
    packages.dedup();
    packages
}

/// Extensions that come with PostgreSQL itself, by name.
pub(crate) const CONTRIB: [&str; 46] = [
    "adminpack",
    "amcheck",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hstore",
    "insert_username",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "pageinspect",
    "pg_buffercache",
    "pg_freespacemap",
    "pg_logicalinspect",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_surgery",
    "pg_trgm",
    "pg_visibility",
    "pg_walinspect",
    "pgcrypto",
    "pgrowlocks",
    "pgstattuple",
    "plpgsql",
    "postgres_fdw",
    "refint",
    "seg",
    "sslinfo",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_for_the_major_version() {
        assert_eq!(
            packages(16, &["vector", "pgcrypto", "hll"].map(str::to_owned)),
            ["postgresql-16", "postgresql-16-hll", "postgresql-16-pgvector"]
        );
    }
}
