//! The JSON Schemas of all documents that `--json` prints, made from their types.
//!
//! They are committed as `schema/<name>.schema.json`; a test fails when the two differ. `schema` of a
//! document is `harness/<name>/1`. In place of its document any verb may print why there is none.
//! `logs` prints a document a line; so does `stats --watch`, whose lines are those of `stats`.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    CompletionScript, ConfigCheck, ConfigShow, Control, DatabaseReport, Doctor, Environment, ErrorDocument, Execution,
    Gc, Health, Hook, InfraCompose, InfraPs, InfraPull, Launch, LoggedLine, ManPages, Opened, Ports, QueryResult,
    Setup, SlowQueries, Stats, Status, Teardown, Urls, Verify, VerifyPlan, VerifyStatus, Wait,
};

/// Documents that come one a line; a failure is the document of the verb instead.
const LINES: [&str; 1] = ["logs-line"];

/// A verb that failed before it had a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// That of the verb's document.
    pub schema: String,
    /// Why.
    pub error: ErrorDocument,
}

type Document = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>() -> Document {
    SchemaGenerator::subschema_for::<T>
}

/// Name, and the type; none where a verb prints a document only when it fails.
fn documents() -> Vec<(&'static str, Option<Document>)> {
    let documents = [
        ("completions", of::<CompletionScript>()),
        ("config-check", of::<ConfigCheck>()),
        ("config-show", of::<ConfigShow>()),
        ("db", of::<DatabaseReport>()),
        ("doctor", of::<Doctor>()),
        ("env", of::<Environment>()),
        ("exec", of::<Execution>()),
        ("gc", of::<Gc>()),
        ("health", of::<Health>()),
        ("hook", of::<Hook>()),
        ("infra-compose", of::<InfraCompose>()),
        ("infra-ps", of::<InfraPs>()),
        ("infra-pull", of::<InfraPull>()),
        ("launch", of::<Launch>()),
        ("logs-line", of::<LoggedLine>()),
        ("man", of::<ManPages>()),
        ("open", of::<Opened>()),
        ("ports", of::<Ports>()),
        ("psql", of::<QueryResult>()),
        ("restart", of::<Control>()),
        ("setup", of::<Setup>()),
        ("slow-queries", of::<SlowQueries>()),
        ("start", of::<Control>()),
        ("stats", of::<Stats>()),
        ("status", of::<Status>()),
        ("stop", of::<Control>()),
        ("teardown", of::<Teardown>()),
        ("url", of::<Urls>()),
        ("verify", of::<Verify>()),
        ("verify-list", of::<VerifyPlan>()),
        ("verify-status", of::<VerifyStatus>()),
        ("wait", of::<Wait>()),
    ];
    let failing = ["config", "config-schema", "infra", "logs", "shell", "usage"];
    documents
        .into_iter()
        .map(|(name, document)| (name, Some(document)))
        .chain(failing.into_iter().map(|name| (name, None)))
        .collect()
}

/// Every schema, with the name of its file.
pub fn schemas() -> Vec<(String, Value)> {
    documents().into_iter().map(|(name, document)| (format!("{name}.schema.json"), schema(name, document))).collect()
}

fn schema(name: &str, document: Option<Document>) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let own = document.map(|document| document(&mut generator));
    let failed = (!LINES.contains(&name)).then(|| generator.subschema_for::<Failed>());
    let shapes: Vec<Schema> = own.into_iter().chain(failed).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("https://raw.githubusercontent.com/harness/harness/main/schema/{name}.schema.json"),
        "title": format!("harness/{name}/1"),
        "type": "object",
        "required": ["schema"],
        "properties": { "schema": { "const": format!("harness/{name}/1") } },
        "anyOf": shapes,
        "$defs": generator.take_definitions(true),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        let mut stale = Vec::new();
        for (name, schema) in super::schemas() {
            let current = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            if std::env::var_os("UPDATE_SCHEMA").is_some() {
                std::fs::write(folder.join(&name), &current).unwrap();
            } else if std::fs::read_to_string(folder.join(&name)).unwrap_or_default() != current {
                stale.push(name);
            }
        }
        assert!(stale.is_empty(), "not as the types are: {stale:?}; run `UPDATE_SCHEMA=1 cargo test --lib schemas`");
    }
}
