//! Compose files and devcontainers: which servers an application is developed against.

use serde_json::Value;

use super::compose_workers;
use super::facts::{BackingService, Example, Facts, Step};
use super::meanings;
use super::tree::{Tree, base_name, extension_of, join, parent};

/// Part of an image's name, and what it is.
const IMAGES: [(&str, BackingService); 19] = [
    ("postgres", BackingService::Postgres),
    ("postgis", BackingService::Postgres),
    ("pgvector", BackingService::Postgres),
    ("timescale", BackingService::Postgres),
    ("supabase/postgres", BackingService::Postgres),
    ("redis", BackingService::Redis),
    ("valkey", BackingService::Redis),
    ("mariadb", BackingService::Mariadb),
    ("mysql", BackingService::Mysql),
    ("mongo", BackingService::Mongodb),
    ("minio", BackingService::S3),
    ("localstack", BackingService::S3),
    ("mailhog", BackingService::Mail),
    ("mailpit", BackingService::Mail),
    ("mailcatcher", BackingService::Mail),
    ("maildev", BackingService::Mail),
    ("inbucket", BackingService::Mail),
    ("browserless", BackingService::Browser),
    ("headless-shell", BackingService::Browser),
];

/// Pages that show what is in a server, and what measures one.
const VIEWERS: [&str; 7] = ["mongo-express", "phpmyadmin", "commander", "insight", "exporter", "adminer", "pgadmin"];

/// Servers that harness does not run.
const OTHERS: [(&str, &str); 11] = [
    ("rabbitmq", "RabbitMQ"),
    ("kafka", "Kafka"),
    ("redpanda", "Redpanda"),
    ("elasticsearch", "Elasticsearch"),
    ("opensearch", "OpenSearch"),
    ("clickhouse", "ClickHouse"),
    ("nats", "NATS"),
    ("memcached", "memcached"),
    ("meilisearch", "Meilisearch"),
    ("typesense", "Typesense"),
    ("keycloak", "Keycloak"),
];

const EXTENSIONS: [(&str, &str); 3] = [("postgis", "postgis"), ("pgvector", "vector"), ("timescale", "timescaledb")];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let is_compose = |path: &&str| {
        let name = base_name(path);
        let is_yaml = extension_of(name) == "yml" || (extension_of(name) == "yaml");
        let production = ["prod", "deploy", "ci", "test", "traefik"].iter().any(|word| name.contains(word));
        is_yaml
            && !production
            && (name.starts_with("docker-compose") || name.starts_with("compose"))
            && path.matches('/').count() <= 2
            && !super::tree::is_aside(path)
    };
    for path in tree.paths().filter(is_compose) {
        let parsed: Option<Value> = tree.text(path).and_then(|text| serde_saphyr::from_str(text).ok());
        let services = parsed.as_ref().and_then(|file| file.get("services")?.as_object());
        for (name, service) in services.into_iter().flatten() {
            if service.get("build").is_some() {
                application(&format!("{path}: services.{name}"), service, &mut facts);
                compose_workers::worker(tree, path, name, service, &mut facts);
            } else if let Some(image) = service.get("image").and_then(Value::as_str) {
                server(path, name, image, &mut facts);
                begin(tree, path, name, service, image, &mut facts);
                let given = environment(service);
                let is_name = |name: &str| ["MYSQL_DATABASE", "MARIADB_DATABASE"].contains(&name);
                let database = given.into_iter().find(|(name, value)| is_name(name) && !value.contains('$'));
                facts.database_name = facts.database_name.take().or(database.map(|(_, value)| value));
            }
        }
    }
    devcontainer(tree, &mut facts);
    facts
}

fn server(path: &str, name: &str, image: &str, facts: &mut Facts) {
    let evidence = format!("{path}: services.{name}");
    let image = image.to_lowercase();
    if VIEWERS.iter().any(|part| image.contains(part)) {
        return;
    }
    if let Some((_, service)) = IMAGES.iter().find(|(part, _)| image.contains(part)) {
        facts.see(format!("the image {image}"), evidence.clone());
        facts.need(*service, evidence);
        for (_, extension) in EXTENSIONS.iter().filter(|(part, _)| image.contains(part)) {
            facts.extensions.insert((*extension).to_owned());
        }
    } else if let Some((_, what)) = OTHERS.iter().find(|(part, _)| image.contains(part)) {
        facts.unknown.push(format!("{evidence} is {what}, which harness does not run: give its address in [env]"));
    }
}

/// Files of SQL that an empty server is begun with: `./schema.sql:/docker-entrypoint-initdb.d/schema.sql`.
fn begin(tree: &Tree, file: &str, name: &str, service: &Value, image: &str, facts: &mut Facts) {
    let image = image.to_lowercase();
    let client = match IMAGES.iter().find(|(part, _)| image.contains(part)) {
        Some((_, BackingService::Postgres)) => "psql --quiet -v ON_ERROR_STOP=1 '{{ database.url }}'",
        Some((_, BackingService::Mysql | BackingService::Mariadb)) => {
            "\"$(command -v mariadb || command -v mysql)\" -u root \"$STORE_DATABASE\""
        }
        _ => return,
    };
    let mounts = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    for mount in mounts {
        let pair = match (mount.as_str(), mount.get("source"), mount.get("target")) {
            (Some(text), ..) => text.split_once(':'),
            (_, Some(source), Some(target)) => source.as_str().zip(target.as_str()),
            _ => None,
        };
        let Some((source, _)) = pair.filter(|(_, target)| target.starts_with("/docker-entrypoint-initdb.d")) else {
            continue;
        };
        let source = join(parent(file), source.trim_start_matches("./").trim_end_matches('/'));
        let is_of = |path: &&str| *path == source || parent(path) == source;
        for path in tree.paths().filter(|path| extension_of(path) == "sql").filter(is_of) {
            let evidence = format!("{file}: services.{name}");
            let mut step = Step::new("schema", "", format!("{client} < {}", shell_words::quote(path)), evidence);
            step.inputs = vec![path.to_owned()];
            facts.migrations.push(step);
        }
    }
}

/// The variables that a service is given.
fn environment(service: &Value) -> Vec<(String, String)> {
    match service.get("environment") {
        Some(Value::Object(table)) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            table.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        Some(Value::Array(list)) => {
            let pairs = list.iter().filter_map(Value::as_str).filter_map(|line| line.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// What the application itself is given: names, and values that only show what is meant. A container's paths and modes
/// are not this machine's, so that nothing but what has a meaning is taken over.
fn application(evidence: &str, service: &Value, facts: &mut Facts) {
    let entries = environment(service);
    if entries.is_empty() {
        return;
    }
    facts.layered.insert(evidence.to_owned());
    for (name, value) in entries {
        if let Some(secret) = meanings::development_secret(&name) {
            facts.settle(name, secret, format!("{evidence} sets it; a value for development"));
            continue;
        }
        // `${NAME:-default}`
        let value = match value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) => {
                inner.split_once(":-").or_else(|| inner.split_once('-')).map_or("", |(_, default)| default).to_owned()
            }
            None => value,
        };
        if !value.contains("${") {
            facts.variables.push(Example { name, value: Some(value), evidence: evidence.to_owned() });
        }
    }
}

/// `.devcontainer/devcontainer.json`: the variables of its container; how it is set up is only told.
fn devcontainer(tree: &Tree, facts: &mut Facts) {
    for path in [".devcontainer/devcontainer.json", ".devcontainer.json"] {
        let Some(text) = tree.text(path) else { continue };
        let Ok(file) = serde_json::from_str::<Value>(&without_comments(text)) else { continue };
        for key in ["containerEnv", "remoteEnv"] {
            for (name, value) in file.get(key).and_then(Value::as_object).into_iter().flatten() {
                let value = value.as_str().filter(|value| !value.contains("${")).map(str::to_owned);
                facts.variables.push(Example { name: name.clone(), value, evidence: format!("{path}: {key}") });
            }
        }
        for key in ["postCreateCommand", "forwardPorts"] {
            if let Some(value) = file.get(key) {
                facts.see(format!("{value}"), format!("{path}: {key}"));
            }
        }
    }
}

/// JSON with comments and trailing commas as plain JSON.
fn without_comments(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    let (mut quoted, mut escaped) = (false, false);
    while let Some(character) = characters.next() {
        if quoted {
            plain.push(character);
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match (character, characters.peek()) {
            ('/', Some('/')) => while characters.next_if(|next| *next != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut before = ' ';
                for next in characters.by_ref() {
                    if before == '*' && next == '/' {
                        break;
                    }
                    before = next;
                }
            }
            ('}' | ']', _) => {
                let kept = plain.trim_end().len();
                if plain[..kept].ends_with(',') {
                    plain.truncate(kept - 1);
                }
                plain.push(character);
            }
            _ => {
                quoted = character == '"';
                plain.push(character);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_application_is_given_is_taken_where_it_has_a_meaning() {
        let text = "services:\n  app:\n    build: .\n    environment:\n      DATABASE_URL: postgres://u:p@db/app\n      JWT_SECRET: ${JWT_SECRET}\n      \
                    DATA_DIR: ${DATA:-/data}\n  db:\n    image: postgres:16\n";
        let facts = detect(&Tree::of([("docker-compose.yml".to_owned(), Some(text.to_owned()))]));
        let found: Vec<(&str, Option<&str>)> =
            facts.variables.iter().map(|one| (one.name.as_str(), one.value.as_deref())).collect();
        assert_eq!(found, [("DATABASE_URL", Some("postgres://u:p@db/app")), ("DATA_DIR", Some("/data"))]);
        assert!(facts.settled.contains_key("JWT_SECRET") && facts.layered.contains("docker-compose.yml: services.app"));
    }

    #[test]
    fn files_that_an_empty_server_is_begun_with_make_the_schema() {
        let text = "services:\n  db:\n    image: mysql:8\n    volumes:\n      - ./init:/docker-entrypoint-initdb.d\n      - data:/var/lib/mysql\n";
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let facts = detect(&Tree::of([file("compose.yml", text), file("init/1.sql", ""), file("init/a.sh", "")]));
        assert_eq!(facts.migrations.len(), 1);
        assert_eq!(facts.migrations[0].inputs, ["init/1.sql"]);
        assert!(facts.migrations[0].run.ends_with(" \"$STORE_DATABASE\" < init/1.sql"), "{}", facts.migrations[0].run);
    }

    #[test]
    fn servers_that_are_stores_are_needed_and_pages_that_show_them_are_not() {
        let text = "services:\n  db:\n    image: mysql:8\n    environment:\n      - MYSQL_DATABASE=shop\n  docs: { image: mongo-express }\n  \
                    cache: { image: valkey/valkey }\n";
        let facts = detect(&Tree::of([("docker-compose.yml".to_owned(), Some(text.to_owned()))]));
        let needs: Vec<BackingService> = facts.needs.keys().copied().collect();
        assert_eq!(needs, [BackingService::Redis, BackingService::Mysql]);
        assert_eq!(facts.database_name.as_deref(), Some("shop"));
    }

    #[test]
    fn comments_and_trailing_commas_go() {
        let text = "// a\n{ \"u\": \"http://x\", /* b */ \"l\": [1, 2,], }";
        let parsed: serde_json::Value = serde_json::from_str(&without_comments(text)).unwrap();
        assert_eq!(parsed, serde_json::json!({ "u": "http://x", "l": [1, 2] }));
    }
}
