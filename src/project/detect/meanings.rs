//! What the name of a variable, or its example value, says of its meaning; and the template for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::facts::BackingService;
use super::server_variables::{bucket, database, database_address, is_canonical, mail};
use super::store_variables;
use super::template_text::port;

/// What a meaning depends on.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) services: BTreeSet<BackingService>,
    /// The names in `[stores]`.
    pub(super) stores: BTreeMap<BackingService, String>,
    /// The name in `[ports]` by the port that the program has without harness.
    pub(super) ports: BTreeMap<u16, String>,
    /// The port of each variable that a program takes its own from.
    pub(super) port_variables: BTreeMap<String, String>,
    /// The port that people open.
    pub(super) page: Option<String>,
    /// The only port, which is then the one of `PORT`.
    pub(super) only: Option<String>,
}

impl Known {
    /// The port of a program or a store as a template.
    pub(super) fn port(&self, name: &str) -> String {
        if self.is_store(name) { store_variables::of(name, "port") } else { port(name) }
    }

    /// Whether this is the name of a store.
    pub(super) fn is_store(&self, name: &str) -> bool {
        self.stores.values().any(|store| store == name)
    }
}

/// Whether a name is that of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "PRIVATE", "API_KEY", "APIKEY", "ACCESS_KEY", "CREDENTIAL", "SALT", "DSN"]
        .iter()
        .any(|word| name.to_uppercase().contains(word))
}

/// The template for a variable; none where its meaning is not known. `example` is the value of an
/// example file, where there is one.
pub(super) fn template(name: &str, example: Option<&str>, known: &Known) -> Option<String> {
    let name = name.to_uppercase();
    let has = |service| known.services.contains(&service);
    let value = example.unwrap_or_default().trim();
    let parts: Vec<&str> = name.split('_').collect();
    if ["SHADOW", "TEST"].iter().any(|word| parts.contains(word)) {
        return None;
    }
    if has(BackingService::Postgres) {
        if let Some(found) = database_address(value) {
            return Some(found);
        }
        if (example.is_some() || is_canonical(&parts))
            && let Some(found) = database(&name, &parts, value)
        {
            return Some(found);
        }
    }
    if let Some(found) = of_store(&parts, value, example.is_some(), known) {
        return Some(found);
    }
    if has(BackingService::S3)
        && let Some(found) = bucket(&name, &parts, value)
    {
        return Some(found);
    }
    if has(BackingService::Mail)
        && let Some(found) = mail(&name, &parts, value)
    {
        return Some(found);
    }
    if migrates(&name) {
        return Some("1".to_owned());
    }
    own_address(&name, value, known)
}

/// What the variable of a store leads to.
fn of_store(parts: &[&str], value: &str, is_shown: bool, known: &Known) -> Option<String> {
    known.stores.iter().find_map(|(service, store)| match service {
        BackingService::Redis => store_variables::redis(store, parts, value),
        BackingService::Mongodb => store_variables::mongodb(store, parts, value),
        _ => store_variables::mysql(store, parts, value, is_shown),
    })
}

static LOCAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})\b").expect("the pattern is right"));

const OWN: [&str; 12] = [
    "APP_URL",
    "BASE_URL",
    "SITE_URL",
    "PUBLIC_URL",
    "NEXTAUTH_URL",
    "AUTH_URL",
    "BETTER_AUTH_URL",
    "NEXT_PUBLIC_APP_URL",
    "NEXT_PUBLIC_SITE_URL",
    "FRONTEND_URL",
    "CLIENT_URL",
    "WEB_URL",
];

/// Switches by which a program brings its schema up to date when it starts.
const MIGRATES: [&str; 6] = [
    "RUN_MIGRATIONS",
    "AUTO_MIGRATE",
    "DB_AUTO_MIGRATE",
    "MIGRATE_ON_START",
    "RUN_DB_MIGRATIONS",
    "DATABASE_AUTO_MIGRATE",
];

/// Whether a variable lets a program bring its schema up to date when it starts.
pub(super) fn migrates(name: &str) -> bool {
    MIGRATES.contains(&name)
}

/// `PORT`, and addresses of the application's own programs.
fn own_address(name: &str, value: &str, known: &Known) -> Option<String> {
    if name == "PORT" {
        return known.only.as_deref().map(port);
    }
    if let Some(found) = known.port_variables.get(name) {
        return Some(port(found));
    }
    if name.ends_with("_PORT")
        && let Some(found) = value.parse().ok().and_then(|number: u16| known.ports.get(&number))
    {
        return Some(known.port(found));
    }
    let mut replaced = false;
    let text = LOCAL.replace_all(value, |found: &Captures<'_>| {
        let name = found[2].parse().ok().and_then(|number: u16| known.ports.get(&number));
        replaced |= name.is_some();
        name.map_or_else(|| found[0].to_owned(), |name| format!("{}:{}", &found[1], known.port(name)))
    });
    if replaced {
        return Some(text.into_owned());
    }
    let bare = value.is_empty() || ["http://localhost", "http://127.0.0.1"].contains(&value.trim_end_matches('/'));
    let page = known.page.as_deref().filter(|_| bare && OWN.contains(&name))?;
    Some(format!("http://localhost:{}", port(page)))
}

/// A value for development of a secret that the application chooses itself.
pub(super) fn development_secret(name: &str) -> Option<&'static str> {
    // some applications take any text, others 32 bytes in hexadecimal digits
    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let name = name.to_uppercase();
    if [
        "CLIENT", "STRIPE", "GITHUB", "GOOGLE", "WEBHOOK", "AWS", "S3", "MINIO", "TWILIO", "OAUTH", "API", "FACEBOOK",
        "TWITTER", "APPLE", "DISCORD", "SLACK", "AZURE",
    ]
    .iter()
    .any(|word| name.contains(word))
    {
        return None;
    }
    let is = |words: &[&str]| words.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")));
    is(&[
        "ENCRYPTION_KEY",
        "CRYPT_KEY",
        "SECRET",
        "SECRET_KEY",
        "SECRET_KEY_BASE",
        "JWT_KEY",
        "SESSION_KEY",
        "COOKIE_PASSWORD",
        "APP_KEYS",
        "TOKEN_SALT",
        "JWT_SALT",
        "HMAC_KEY",
    ])
    .then_some(KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            services: [BackingService::Postgres, BackingService::S3, BackingService::Mail].into(),
            stores: [(BackingService::Redis, "redis".to_owned())].into(),
            ports: [(3000, "web".to_owned()), (8000, "api".to_owned())].into(),
            port_variables: BTreeMap::new(),
            page: Some("web".to_owned()),
            only: None,
        }
    }

    #[test]
    fn names_and_values_have_a_meaning() {
        for (name, value, expected) in [
            ("DATABASE_URL", "postgres://u:p@localhost:5432/app", Some("{{ database.url }}")),
            ("DATABASE_URL", "postgresql://u:p@db/app?schema=public", Some("{{ database.url }}?schema=public")),
            ("DATABASE_URL", "file:./dev.db", None),
            ("DATABASE_URL", "mysql://root@localhost/app", None),
            ("DB_HOST", "localhost", Some("{{ database.host }}")),
            ("POSTGRES_DB", "app", Some("{{ database.name }}")),
            ("PGPASSWORD", "", Some("{{ database.password }}")),
            ("DB_POOL_MAX", "10", None),
            ("TEST_DATABASE_URL", "postgres://localhost/test", None),
            ("CELERY_BROKER", "redis://redis:6379", Some("{{ stores.redis.url }}")),
            ("S3_ENDPOINT", "http://localhost:9000", Some("{{ s3.endpoint }}")),
            ("AWS_SECRET_ACCESS_KEY", "", Some("{{ s3.secret_key }}")),
            ("S3_BUCKET", "uploads", Some("{{ s3.bucket }}")),
            ("EMAIL_HOST_PASSWORD", "", Some("{{ mail.password }}")),
            ("SMTP_PORT", "1025", Some("{{ mail.smtp_port }}")),
            ("MAIL_FROM", "a@b.c", None),
            ("VITE_API_URL", "http://localhost:8000/api", Some("http://localhost:{{ ports.api }}/api")),
            ("NEXTAUTH_URL", "", Some("http://localhost:{{ ports.web }}")),
            ("API_PORT", "8000", Some("{{ ports.api }}")),
            ("PORT", "3000", None),
            ("LOG_LEVEL", "debug", None),
        ] {
            assert_eq!(template(name, Some(value), &known()).as_deref(), expected, "{name}={value}");
        }
        let driver = template("DATABASE_URL", Some("postgresql+asyncpg://u:p@localhost/app"), &known()).unwrap();
        assert!(driver.starts_with("postgresql+asyncpg://{{ database.user }}:"), "{driver}");
    }
}
