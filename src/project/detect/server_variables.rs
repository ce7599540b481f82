//! Variables of the shared servers: what their names and example values say, and the templates for them.

use std::sync::LazyLock;

use regex::Regex;

use super::template_text::{is_placeholder, literal};

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:jdbc:)?postgres(?:ql)?(?:\+\w+)?|postgis|psql)://([^/?]*)(?:/[^?]*)?(?:\?(.*))?$")
        .expect("the pattern is right")
});

/// An address of PostgreSQL: its scheme and its options stay.
pub(super) fn database_address(value: &str) -> Option<String> {
    if value.contains("host=") && value.contains("dbname=") {
        return Some(
            "host={{ database.host }} port={{ database.port }} user={{ database.user }} password={{ database.password }} \
             dbname={{ database.name }} sslmode=disable"
                .to_owned(),
        );
    }
    let found = ADDRESS.captures(value)?;
    let options: Vec<String> = found
        .get(3)
        .map_or("", |options| options.as_str())
        .split('&')
        .filter(|option| {
            !option.is_empty() && !option.starts_with("pgbouncer") && !option.starts_with("channel_binding")
        })
        .map(|option| if option.starts_with("sslmode=") { "sslmode=disable".to_owned() } else { literal(option) })
        .collect();
    let options = if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    let place = "{{ database.host }}:{{ database.port }}/{{ database.name }}";
    Some(match &found[1] {
        "postgres" | "postgresql" => format!("{{{{ database.url }}}}{options}"),
        "jdbc:postgresql" => format!("jdbc:postgresql://{place}{options}"),
        scheme => format!("{scheme}://{{{{ database.user }}}}:{{{{ database.password }}}}@{place}{options}"),
    })
}

/// `DATABASE_URL`, `DB_HOST`, `POSTGRES_USER`, `PGPASSWORD`.
pub(super) fn database(name: &str, parts: &[&str], value: &str) -> Option<String> {
    let field = |field: &str| Some(format!("{{{{ database.{field} }}}}"));
    match name {
        "PGHOST" => return field("host"),
        "PGPORT" => return field("port"),
        "PGUSER" => return field("user"),
        "PGPASSWORD" => return field("password"),
        "PGDATABASE" => return field("name"),
        _ => {}
    }
    let families = ["DATABASE", "DB", "POSTGRES", "POSTGRESQL", "PG", "PGSQL", "TYPEORM", "SQL", "SQLALCHEMY"];
    let others = ["MYSQL", "MONGO", "REDIS", "SQLITE", "POOL", "TIMEOUT", "MIN", "MAX", "VECTOR", "SMTP", "S3"];
    if !parts.iter().any(|part| families.contains(part)) || parts.iter().any(|part| others.contains(part)) {
        return None;
    }
    let last = *parts.last()?;
    let is_other = ["mysql", "mysql2", "mariadb"].contains(&value.to_lowercase().as_str());
    match last {
        // of the kinds that an application knows the one that is there
        "DIALECT" | "TYPE" | "DRIVER" | "ENGINE" if is_other => Some("postgres".to_owned()),
        "CLIENT" if is_other => Some("pg".to_owned()),
        "CONNECTION" if is_other => Some("pgsql".to_owned()),
        "HOST" | "HOSTNAME" | "SERVER" | "ADDR" | "ADDRESS" => field("host"),
        "PORT" => field("port"),
        "USER" | "USERNAME" => field("user"),
        "PASSWORD" | "PASS" | "PASSWD" | "PWD" => field("password"),
        "NAME" | "DBNAME" => field("name"),
        "DB" | "DATABASE" if parts.len() > 1 => field("name"),
        "URL" | "URI" | "DSN" | "STRING" if value.is_empty() || is_placeholder(value) => field("url"),
        // an address of another database is left alone
        _ if parts.contains(&"URL") && !value.contains("://") && !value.starts_with("file:") => field("url"),
        _ => None,
    }
}

/// Whether a name says nothing but that it is of the database: the source reads many that say more.
pub(super) fn is_canonical(parts: &[&str]) -> bool {
    let words = [
        "DATABASE",
        "DB",
        "POSTGRES",
        "POSTGRESQL",
        "PG",
        "PGSQL",
        "TYPEORM",
        "SQL",
        "DJANGO",
        "APP",
        "HOST",
        "SERVER",
        "PORT",
        "USER",
        "USERNAME",
        "PASSWORD",
        "PASS",
        "NAME",
        "URL",
        "URI",
        "DSN",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGDATABASE",
    ];
    parts.iter().all(|part| words.contains(part))
}

/// `S3_ENDPOINT`, `AWS_ACCESS_KEY_ID`, `MINIO_ROOT_USER`.
pub(super) fn bucket(name: &str, parts: &[&str], value: &str) -> Option<String> {
    let families = ["S3", "MINIO", "AWS", "BUCKET", "STORAGE", "R2"];
    if !parts.iter().any(|part| families.contains(part))
        || ["SES", "SQS", "SNS", "LAMBDA", "GS", "GCS", "GOOGLE", "AZURE"].iter().any(|part| parts.contains(part))
    {
        return None;
    }
    let field = |field: &str| Some(format!("{{{{ s3.{field} }}}}"));
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let bare = !value.is_empty() && !value.contains("://");
    if ends(&["PATH_STYLE", "PATH_STYLE_ENDPOINT"]) {
        return Some("true".to_owned());
    }
    if ends(&["ENDPOINT", "ENDPOINT_URL", "ENDPOINT_URL_S3", "MINIO_URL", "S3_URL", "S3_HOST", "MINIO_HOST"]) {
        return match (bare, value.contains(':')) {
            (true, true) => Some("{{ s3.endpoint | replace('http://', '') }}".to_owned()),
            (true, false) => Some("127.0.0.1".to_owned()),
            _ => field("endpoint"),
        };
    }
    if ends(&["MINIO_PORT", "S3_PORT"]) {
        return Some("{{ (s3.endpoint | split(':'))[2] }}".to_owned());
    }
    if ends(&["ACCESS_KEY", "ACCESS_KEY_ID", "S3_KEY", "S3_KEY_ID", "MINIO_ROOT_USER", "MINIO_USER"])
        && !name.contains("SECRET")
    {
        return field("access_key");
    }
    if ends(&[
        "SECRET",
        "SECRET_KEY",
        "SECRET_ACCESS_KEY",
        "SECRET_ACCESS_KEY_ID",
        "MINIO_ROOT_PASSWORD",
        "MINIO_PASSWORD",
    ]) {
        return field("secret_key");
    }
    if ends(&["BUCKET", "BUCKET_NAME", "S3_BUCKETS"]) {
        return field("bucket");
    }
    if ends(&["REGION", "REGION_NAME"]) {
        return field("region");
    }
    if ends(&["S3_USE_SSL", "MINIO_USE_SSL", "S3_SSL", "MINIO_SECURE"]) {
        return Some("false".to_owned());
    }
    None
}

/// `SMTP_HOST`, `EMAIL_SERVER`, `MAIL_PASSWORD`.
pub(super) fn mail(name: &str, parts: &[&str], value: &str) -> Option<String> {
    if value.starts_with("smtp://") || value.starts_with("smtps://") {
        return Some("smtp://{{ mail.user }}:{{ mail.password }}@{{ mail.smtp_host }}:{{ mail.smtp_port }}".to_owned());
    }
    if !parts.iter().any(|part| ["SMTP", "MAIL", "EMAIL", "MAILER", "NODEMAILER", "MAILHOG", "MAILPIT"].contains(part))
    {
        return None;
    }
    if ["IMAP", "POP", "POP3", "GMAIL", "ADMIN", "SUPERUSER", "FROM", "MAILGUN", "SENDGRID", "TIMEOUT"]
        .iter()
        .any(|part| parts.contains(part))
    {
        return None;
    }
    let field = |field: &str| Some(format!("{{{{ mail.{field} }}}}"));
    match *parts.last()? {
        "HOST" | "HOSTNAME" | "SERVER" if !name.ends_with("WEB_HOST") => field("smtp_host"),
        "PORT" if !["WEB", "UI", "HTTP", "DASHBOARD"].iter().any(|part| parts.contains(part)) => field("smtp_port"),
        "USER" | "USERNAME" | "LOGIN" if parts.len() > 1 => field("user"),
        "PASSWORD" | "PASS" | "PASSWD" => field("password"),
        "SECURE" | "TLS" | "SSL" | "STARTTLS" => Some("false".to_owned()),
        "ENCRYPTION" => Some("null".to_owned()),
        "MAILER" => Some("smtp".to_owned()),
        _ => None,
    }
}
