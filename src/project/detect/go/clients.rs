//! Go: which servers a module speaks to, by the packages that it requires itself.

use super::ports;
use crate::project::detect::facts::{BackingService, Facts};
use crate::project::detect::tree::{Tree, parent};

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

/// Notes the servers that a manifest's packages speak to. A file that is the database unless another is asked for is no
/// server.
pub(in crate::project::detect) fn needs(tree: &Tree, manifest: &str, facts: &mut Facts) {
    let (directory, text) = (parent(manifest), tree.text(manifest).unwrap_or_default());
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
    // the first generation of GORM has its drivers in packages of its own
    let imports = |name: &str| ports::sources(tree, directory).iter().any(|(_, text)| text.contains(name));
    for (client, service) in
        [("gorm/dialects/mysql\"", BackingService::Mysql), ("gorm/dialects/postgres\"", BackingService::Postgres)]
    {
        if is_server && requires("jinzhu/gorm") && imports(client) {
            facts.need(service, format!("{manifest}: github.com/jinzhu/gorm"));
        }
    }
    for (client, service) in STORES.iter().filter(|(client, _)| is_server && requires(client)) {
        facts.need(*service, format!("{manifest}: {client}"));
    }
}
