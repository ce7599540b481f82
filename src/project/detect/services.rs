//! Which shared servers an application needs, by the packages that it depends on and the variables that it
//! names.

use super::facts::{BackingService, Facts};
use super::meanings;
use super::node::packages::packages;
use super::python::projects::projects;
use super::store_variables;
use super::tree::Tree;

const NODE: [(&str, BackingService); 20] = [
    ("@aws-sdk/client-s3", BackingService::S3),
    ("minio", BackingService::S3),
    ("nodemailer", BackingService::Mail),
    ("@nestjs-modules/mailer", BackingService::Mail),
    ("ioredis", BackingService::Redis),
    ("redis", BackingService::Redis),
    ("bullmq", BackingService::Redis),
    ("bull", BackingService::Redis),
    ("connect-redis", BackingService::Redis),
    ("iovalkey", BackingService::Redis),
    ("mysql2", BackingService::Mysql),
    ("mysql", BackingService::Mysql),
    ("mariadb", BackingService::Mysql),
    ("mongodb", BackingService::Mongodb),
    ("mongoose", BackingService::Mongodb),
    ("connect-mongo", BackingService::Mongodb),
    ("puppeteer-core", BackingService::Browser),
    ("playwright-core", BackingService::Browser),
    ("puppeteer", BackingService::Browser),
    ("playwright", BackingService::Browser),
];

const PYTHON: [(&str, BackingService); 28] = [
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
    ("arq", BackingService::Redis),
    ("flask-redis", BackingService::Redis),
    ("mysqlclient", BackingService::Mysql),
    ("pymysql", BackingService::Mysql),
    ("aiomysql", BackingService::Mysql),
    ("asyncmy", BackingService::Mysql),
    ("mysql-connector-python", BackingService::Mysql),
    ("pymongo", BackingService::Mongodb),
    ("flask-pymongo", BackingService::Mongodb),
    ("motor", BackingService::Mongodb),
    ("beanie", BackingService::Mongodb),
    ("mongoengine", BackingService::Mongodb),
    ("odmantic", BackingService::Mongodb),
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
    }
    for project in projects(tree) {
        for (name, service) in PYTHON {
            if project.lists(name) {
                facts.need(service, format!("{}: {name}", project.manifest));
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

/// Whether a variable names the kind of database, and says that it is one of these.
fn kind_of_database(name: &str, value: &str, kinds: &[&str]) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    let of_database = parts.iter().any(|part| ["DB", "DATABASE", "TYPEORM", "SQL"].contains(part));
    let names_kind = ["CLIENT", "TYPE", "DIALECT", "DRIVER", "CONNECTION", "ENGINE", "PROVIDER"];
    let value = value.to_lowercase();
    of_database
        && parts.last().is_some_and(|last| names_kind.contains(last))
        && !value.contains("://")
        && kinds.iter().any(|kind| value.contains(kind))
}

/// The database that is no PostgreSQL which a variable of an example says is used.
fn other_database(name: &str, value: &str) -> Option<BackingService> {
    let set = |names: &[&str]| !value.is_empty() && names.contains(&name);
    if store_variables::is_mongodb(value) || set(&["MONGO_HOST", "MONGODB_HOST", "MONGO_DB", "MONGO_DATABASE"]) {
        return Some(BackingService::Mongodb);
    }
    if kind_of_database(name, value, &["mariadb"]) || value.starts_with("mariadb") && value.contains("://") {
        return Some(BackingService::Mariadb);
    }
    let is_mysql = store_variables::is_mysql(value)
        || kind_of_database(name, value, &["mysql"])
        || set(&["MYSQL_HOST", "MYSQL_DATABASE", "MYSQL_USER"]);
    is_mysql.then_some(BackingService::Mysql)
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
        if is_shown && let Some(service) = other_database(&name, value) {
            facts.need(service, evidence.clone());
            facts.chosen.insert(service);
        }
        if value.starts_with("postgres") && value.contains("://")
            || kind_of_database(&name, value, &["postgres", "pgsql"])
        {
            facts.chosen.insert(BackingService::Postgres);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::facts::Example;

    fn services(variables: &[(&str, &str)]) -> (Vec<BackingService>, Vec<BackingService>) {
        let mut facts = Facts::default();
        for (name, value) in variables {
            let (name, value) = ((*name).to_owned(), Some((*value).to_owned()));
            facts.variables.push(Example { name, value, evidence: ".env.example".to_owned() });
        }
        by_variables(&mut facts);
        (facts.needs.into_keys().collect(), facts.chosen.into_iter().collect())
    }

    #[test]
    fn an_example_says_which_database_is_used() {
        use BackingService::{Mariadb, Mongodb, Mysql, Postgres};
        for (name, value, expected) in [
            ("DATABASE_URL", "mysql://u:p@localhost/app", Some(Mysql)),
            ("DB_CONNECTION", "mysql", Some(Mysql)),
            ("DB_CONNECTION", "mariadb", Some(Mariadb)),
            ("MYSQL_HOST", "localhost", Some(Mysql)),
            ("DB_URI", "mongodb://localhost/app", Some(Mongodb)),
            ("DATABASE_URL", "postgres://localhost/app", Some(Postgres)),
            ("MYSQL_HOST", "", None),
            ("DB_CONNECTION", "sqlite", None),
        ] {
            let (_, chosen) = services(&[(name, value)]);
            assert_eq!(chosen, expected.into_iter().collect::<Vec<_>>(), "{name}={value}");
        }
        assert_eq!(services(&[("A_URL", "redis://localhost")]).0, [BackingService::Redis]);
    }
}
