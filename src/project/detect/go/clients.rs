//! Go: which servers a module speaks to, by the packages that it requires itself.

use super::super::facts::{BackingService, Facts};

/// Packages that speak to PostgreSQL.
pub(in crate::project::detect) const CLIENTS: [&str; 5] = [
    "github.com/lib/pq",
    "github.com/jackc/pgx",
    "gorm.io/driver/postgres",
    "github.com/go-pg/pg",
    "uptrace/bun/driver/pgdriver",
];

/// Packages that keep a database in a file.
pub(in crate::project::detect) const SQLITE: [&str; 6] = [
    "mattn/go-sqlite3",
    "modernc.org/sqlite",
    "glebarez/sqlite",
    "glebarez/go-sqlite",
    "gorm.io/driver/sqlite",
    "ncruces/go-sqlite3",
];

/// Packages that speak to Redis.
const REDIS: [&str; 7] = [
    "redis/go-redis",
    "go-redis/redis",
    "gomodule/redigo",
    "hibiken/asynq",
    "redis/rueidis",
    "valkey-io/valkey-go",
    "mediocregopher/radix",
];

/// Packages that speak to other servers which harness knows as stores.
const STORES: [(&str, BackingService); 4] = [
    ("go-sql-driver/mysql", BackingService::Mysql),
    ("gorm.io/driver/mysql", BackingService::Mysql),
    ("go.mongodb.org/mongo-driver", BackingService::Mongodb),
    ("globalsign/mgo", BackingService::Mongodb),
];

/// Notes the servers that a manifest's packages speak to. A file that is the database unless told otherwise is no
/// server.
pub(in crate::project::detect) fn needs(manifest: &str, text: &str, facts: &mut Facts) {
    let direct: Vec<&str> = text.lines().filter(|line| !line.contains("// indirect")).collect();
    let requires = |name: &str| direct.iter().any(|line| line.contains(name));
    if let Some(client) = CLIENTS.iter().find(|client| requires(client)).filter(|_| !facts.only_sqlite) {
        facts.need(BackingService::Postgres, format!("{manifest}: {client}"));
        // lib/pq insists on TLS where an address says nothing of it
        facts.settle("PGSSLMODE", "disable", "the database is on this machine, without TLS");
    }
    if let Some(client) = REDIS.iter().find(|client| requires(client)) {
        facts.need(BackingService::Redis, format!("{manifest}: {client}"));
    }
    let is_server = !facts.only_sqlite;
    for (client, service) in STORES.iter().filter(|(client, _)| is_server && requires(client)) {
        facts.need(*service, format!("{manifest}: {client}"));
    }
}
