//! Variables of stores: what their names and example values say, and the templates for them.

use std::sync::LazyLock;

use regex::Regex;

use super::server_variables::is_canonical;
use super::template_text::{is_placeholder, literal};

static MYSQL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:jdbc:)?(?:mysql2?|mariadb)(?:\+\w+)?)://(?:[^/?]*)(?:/[^?]*)?(?:\?(.*))?$")
        .expect("the pattern is right")
});
/// `user:password@tcp(host:port)/name?parseTime=true`, as Go's driver has it.
static GO_DSN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[^@]*@tcp\([^)]*\)/[^?]*(\?.*)?$").expect("the pattern is right"));
static MONGODB: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^mongodb(?:\+srv)?://(?:[^/?]*)(?:/([^?]*))?(?:\?.*)?$").expect("the pattern is right")
});

/// A value of a store.
pub(super) fn of(store: &str, field: &str) -> String {
    format!("{{{{ stores.{store}.{field} }}}}")
}

/// Whether a value is an address of MySQL or MariaDB.
pub(super) fn is_mysql(value: &str) -> bool {
    MYSQL.is_match(value) || GO_DSN.is_match(value)
}

/// Whether a value is an address of MongoDB.
pub(super) fn is_mongodb(value: &str) -> bool {
    MONGODB.is_match(value)
}

pub(super) fn redis(store: &str, parts: &[&str], value: &str) -> Option<String> {
    let place = format!("{}:{}", of(store, "host"), of(store, "port"));
    if let Some(rest) = value.strip_prefix("redis://") {
        let database = rest.split_once('/').map_or("", |(_, database)| database);
        let database: String = database.chars().take_while(char::is_ascii_digit).collect();
        return Some(if database.is_empty() { of(store, "url") } else { format!("redis://{place}/{database}") });
    }
    if !parts.iter().any(|part| ["REDIS", "VALKEY"].contains(part)) {
        return None;
    }
    match *parts.last()? {
        "HOST" | "HOSTNAME" | "SERVER" => Some(of(store, "host")),
        "PORT" => Some(of(store, "port")),
        "URL" | "URI" | "DSN" if value.is_empty() || is_placeholder(value) => Some(of(store, "url")),
        "ADDR" | "ADDRESS" | "ADDRS" | "ENDPOINT" => Some(place),
        "PASSWORD" | "PASS" => Some(String::new()),
        _ => None,
    }
}

/// `DATABASE_URL`, `DB_HOST`, `MYSQL_USER` of a store of MySQL or MariaDB, whose user `root` has no password.
/// `is_shown` where a file gives the value, and not only the source the name.
pub(super) fn mysql(store: &str, parts: &[&str], value: &str, is_shown: bool) -> Option<String> {
    let (host, port, database) = (of(store, "host"), of(store, "port"), of(store, "database"));
    if let Some(found) = MYSQL.captures(value) {
        let kept = found.get(2).map_or("", |options| options.as_str()).split('&');
        let kept: Vec<&str> = kept.filter(|option| !option.is_empty() && !option.contains("ssl")).collect();
        let options = if kept.is_empty() { String::new() } else { format!("?{}", literal(&kept.join("&"))) };
        return Some(match &found[1] {
            "mysql" => format!("{}{options}", of(store, "url")),
            scheme if scheme.starts_with("jdbc:") => format!("{scheme}://{host}:{port}/{database}{options}"),
            scheme => format!("{scheme}://root@{host}:{port}/{database}{options}"),
        });
    }
    if let Some(found) = GO_DSN.captures(value) {
        let options = found.get(1).map_or(String::new(), |options| literal(options.as_str()));
        return Some(format!("root@tcp({host}:{port})/{database}{options}"));
    }
    let own = ["MYSQL", "MARIADB"];
    let families = ["DATABASE", "DB", "SQL", "TYPEORM", "SQLALCHEMY"];
    let others = [
        "POSTGRES",
        "POSTGRESQL",
        "PG",
        "MONGO",
        "MONGODB",
        "REDIS",
        "SQLITE",
        "POOL",
        "TIMEOUT",
        "MIN",
        "MAX",
        "SMTP",
        "S3",
        "VECTOR",
    ];
    let is_own = parts.iter().any(|part| own.contains(part));
    let without: Vec<&str> = parts.iter().filter(|part| !own.contains(part)).copied().collect();
    if !is_own && !parts.iter().any(|part| families.contains(part))
        || parts.iter().any(|part| others.contains(part))
        || !is_shown && !is_canonical(&without)
    {
        return None;
    }
    match *parts.last()? {
        "ADDR" | "ADDRESS" if value.is_empty() || value.contains(':') => Some(format!("{host}:{port}")),
        "HOST" | "HOSTNAME" | "SERVER" | "ADDR" | "ADDRESS" => Some(host),
        "PORT" => Some(port),
        "USER" | "USERNAME" => Some("root".to_owned()),
        "PASSWORD" | "PASS" | "PASSWD" | "PWD" => Some(String::new()),
        "NAME" | "DBNAME" | "SCHEMA" => Some(database),
        "DB" | "DATABASE" if parts.len() > 1 => Some(database),
        "URL" | "URI" | "DSN" if value.is_empty() || is_placeholder(value) => Some(of(store, "url")),
        _ => None,
    }
}

/// `MONGO_URL`, `MONGODB_URI`, `MONGO_HOST`. The database's name stays that of the example: each agent has a server of its own.
pub(super) fn mongodb(store: &str, parts: &[&str], value: &str) -> Option<String> {
    let (host, port) = (of(store, "host"), of(store, "port"));
    if let Some(found) = MONGODB.captures(value) {
        let database = found.get(1).map_or("", |name| name.as_str());
        let is_name = !database.is_empty() && !is_placeholder(database) && !database.contains(['$', '{']);
        return Some(if is_name { format!("mongodb://{host}:{port}/{database}") } else { of(store, "url") });
    }
    if !parts.iter().any(|part| part.starts_with("MONGO")) {
        return None;
    }
    match *parts.last()? {
        "HOST" | "HOSTNAME" | "SERVER" => Some(host),
        "PORT" => Some(port),
        "USER" | "USERNAME" | "PASSWORD" | "PASS" => Some(String::new()),
        "URL" | "URI" | "DSN" | "STRING" | "MONGO" | "MONGODB" if value.is_empty() || is_placeholder(value) => {
            Some(of(store, "url"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Vec<&str> {
        name.split('_').collect()
    }

    #[test]
    fn addresses_and_parts_of_mysql_lead_to_the_store() {
        for (name, value, expected) in [
            ("DATABASE_URL", "mysql://u:p@localhost:3306/app", Some("{{ stores.app.url }}")),
            (
                "DATABASE_URL",
                "mysql+pymysql://u:p@db/app?charset=utf8mb4",
                Some(
                    "mysql+pymysql://root@{{ stores.app.host }}:{{ stores.app.port }}/{{ stores.app.database }}?charset=utf8mb4",
                ),
            ),
            (
                "DSN",
                "u:p@tcp(localhost:3306)/app?parseTime=true",
                Some("root@tcp({{ stores.app.host }}:{{ stores.app.port }})/{{ stores.app.database }}?parseTime=true"),
            ),
            ("DB_HOST", "localhost", Some("{{ stores.app.host }}")),
            ("MYSQL_ROOT_PASSWORD", "secret", Some("")),
            ("MYSQL_DATABASE", "shop", Some("{{ stores.app.database }}")),
            ("DB_USERNAME", "shop", Some("root")),
            ("DB_POOL_MAX", "10", None),
            ("POSTGRES_HOST", "db", None),
            ("LOG_LEVEL", "debug", None),
        ] {
            assert_eq!(mysql("app", &parts(name), value, true).as_deref(), expected, "{name}={value}");
        }
        assert_eq!(mysql("app", &parts("REPORTS_DB_HOST"), "", false), None, "the source reads many");
        assert!(mysql("app", &parts("MYSQL_HOST"), "", false).is_some());
    }

    #[test]
    fn addresses_of_mongodb_and_redis_lead_to_the_store() {
        for (name, value, expected) in [
            ("MONGODB_URI", "mongodb+srv://u:p@cluster.example/?retryWrites=true", Some("{{ stores.mongo.url }}")),
            (
                "DATABASE",
                "mongodb://root:x@localhost:27017/notes?authSource=admin",
                Some("mongodb://{{ stores.mongo.host }}:{{ stores.mongo.port }}/notes"),
            ),
            ("MONGO_URL", "", Some("{{ stores.mongo.url }}")),
            ("MONGO_DB", "todo", None),
        ] {
            assert_eq!(mongodb("mongo", &parts(name), value).as_deref(), expected, "{name}={value}");
        }
        for (name, value, expected) in [
            (
                "CELERY_BROKER",
                "redis://redis:6379/1",
                Some("redis://{{ stores.redis.host }}:{{ stores.redis.port }}/1"),
            ),
            ("REDIS_URL", "redis://:pw@localhost:6379", Some("{{ stores.redis.url }}")),
            ("REDIS_HOST", "localhost", Some("{{ stores.redis.host }}")),
            ("CACHE_HOST", "localhost", None),
        ] {
            assert_eq!(redis("redis", &parts(name), value).as_deref(), expected, "{name}={value}");
        }
    }
}
