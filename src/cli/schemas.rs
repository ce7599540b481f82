//! The JSON Schemas of all documents that `--json` prints, generated from their types.
//!
//! They are committed as `schema/<name>.schema.json`; the test fails if the two differ. `schema` of a document is
//! `harness/<name>/1`. In place of its document any verb may print why there is none. `logs` prints one document a line;
//! so do `stats --watch` and `verify --watch`, whose lines are those of `stats` and `verify`.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::Verb;
use crate::report::ErrorDocument;

/// Documents that come one a line or are sent elsewhere; a failure is the document of the verb instead.
const LINES: [&str; 3] = ["logs-line", "event", "notice"];

/// A verb that failed before it had a document.
#[derive(Serialize, JsonSchema)]
struct Failed {
    /// That of the verb's document.
    schema: String,
    /// Why.
    error: ErrorDocument,
}

pub(super) type Document = fn(&mut SchemaGenerator) -> Schema;

pub(super) fn of<T: JsonSchema>() -> Document {
    SchemaGenerator::subschema_for::<T>
}

/// Every schema, with the name of its file. A command line without a verb fails as `usage`.
fn schemas() -> Vec<(String, Value)> {
    let documents = Verb::documents().into_iter().chain([("usage", None)]);
    documents.map(|(name, document)| (format!("{name}.schema.json"), schema(name, document))).collect()
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

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut stale = Vec::new();
    for (name, schema) in schemas() {
        let current = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(folder.join(&name), &current).unwrap();
        } else if std::fs::read_to_string(folder.join(&name)).unwrap_or_default() != current {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "not as the types are: {stale:?}; run `UPDATE_SCHEMA=1 cargo test --lib schemas`");
}
