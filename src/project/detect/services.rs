//! Which shared servers an application needs, by the packages that it depends on and the variables that it
//! names.

use super::facts::{BackingService, Facts};
use super::meanings;
use super::node::packages::packages;
use super::python::projects::projects;
use super::tree::Tree;

const NODE: [(&str, BackingService); 13] = [
    ("@aws-sdk/client-s3", BackingService::S3),
    ("minio", BackingService::S3),
    ("nodemailer", BackingService::Mail),
    ("@nestjs-modules/mailer", BackingService::Mail),
    ("ioredis", BackingService::Redis),
    ("redis", BackingService::Redis),
    ("bullmq", BackingService::Redis),
    ("bull", BackingService::Redis),
    ("connect-redis", BackingService::Redis),
    ("puppeteer-core", BackingService::Browser),
    ("playwright-core", BackingService::Browser),
    ("puppeteer", BackingService::Browser),
    ("playwright", BackingService::Browser),
];

const PYTHON: [(&str, BackingService); 15] = [
    ("minio", BackingService::S3),
    ("aioboto3", BackingService::S3),
    ("django-storages", BackingService::S3),
    ("redis", BackingService::Redis),
    ("django-redis", BackingService::Redis),
    ("celery[redis]", BackingService::Redis),
    ("rq", BackingService::Redis),
    ("django-rq", BackingService::Redis),
    ("channels-redis", BackingService::Redis),
    ("channels_redis", BackingService::Redis),
    ("dramatiq[redis]", BackingService::Redis),
    ("aioredis", BackingService::Redis),
    ("valkey", BackingService::Redis),
    ("emails", BackingService::Mail),
    ("fastapi-mail", BackingService::Mail),
];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for package in packages(tree) {
        for (name, service) in NODE {
            // tests drive a browser too, one of their own
            let is_used = service != BackingService::Browser
                || package.json.get("dependencies").is_some_and(|table| table.get(name).is_some());
            if package.depends_on(name) && is_used {
                facts.need(service, format!("{}: dependencies.{name}", package.manifest()));
            }
        }
        for (name, what) in [("mysql2", "MySQL"), ("mysql", "MySQL"), ("mongodb", "MongoDB"), ("mongoose", "MongoDB")] {
            if package.depends_on(name) {
                facts
                    .other_database
                    .get_or_insert_with(|| format!("{}: dependencies.{name} ({what})", package.manifest()));
            }
        }
    }
    for project in projects(tree) {
        for (name, service) in PYTHON {
            if project.lists(name) {
                facts.need(service, format!("{}: {name}", project.manifest));
            }
        }
        for (name, what) in
            [("mysqlclient", "MySQL"), ("pymysql", "MySQL"), ("pymongo", "MongoDB"), ("motor", "MongoDB")]
        {
            if project.lists(name) {
                facts.other_database.get_or_insert_with(|| format!("{}: {name} ({what})", project.manifest));
            }
        }
    }
    facts
}

/// Whether an example sets the variable that names the kind of database, or its address, to a file.
fn chooses_sqlite(name: &str, value: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    let of_database = parts.iter().any(|part| ["DB", "DATABASE", "TYPEORM", "SQL"].contains(part));
    let names_kind = ["CLIENT", "TYPE", "DIALECT", "DRIVER", "CONNECTION", "ENGINE", "PROVIDER"];
    let value = value.to_lowercase();
    of_database
        && (parts.last().is_some_and(|last| names_kind.contains(last)) && value.contains("sqlite")
            || value.starts_with("sqlite:")
            || parts.contains(&"URL") && value.starts_with("file:"))
}

/// What the names and values of variables ask for.
pub(super) fn by_variables(facts: &mut Facts) {
    for variable in facts.variables.clone() {
        let name = variable.name.to_uppercase();
        let value = variable.value.as_deref().unwrap_or_default();
        // the source reads names of much that is switched off unless they are set
        let is_shown = variable.value.is_some() || variable.evidence.starts_with(".env");
        let evidence = format!("{}: {}", variable.evidence, variable.name);
        if meanings::migrates(&name) {
            facts.migrates_itself = true;
        }
        if chooses_sqlite(&name, value) {
            facts.only_sqlite = true;
        }
        if value.starts_with("postgres") && value.contains("://")
            || ["PGHOST", "POSTGRES_HOST", "POSTGRES_SERVER", "POSTGRES_DB"].contains(&name.as_str())
        {
            facts.need(BackingService::Postgres, evidence.clone());
        }
        if name == "DB_CONNECTION" && value == "pgsql" {
            facts.need(BackingService::Postgres, evidence.clone());
        }
        if is_shown
            && ["S3_", "MINIO_", "AWS_S3", "AWS_BUCKET", "AWS_ENDPOINT"].iter().any(|start| name.starts_with(start))
        {
            facts.need(BackingService::S3, evidence.clone());
        }
        if is_shown
            && [
                "SMTP_HOST",
                "EMAIL_HOST",
                "MAIL_HOST",
                "SMTP_SERVER",
                "EMAIL_SERVER",
                "EMAIL_SERVER_HOST",
                "MAILER_DSN",
                "SMTP_URL",
                "SMTP_PORT",
            ]
            .contains(&name.as_str())
        {
            facts.need(BackingService::Mail, evidence.clone());
        }
        // an example that names it may be one of several choices
        if value.starts_with("redis://") {
            facts.need(BackingService::Redis, evidence);
        }
    }
}
