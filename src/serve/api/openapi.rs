//! The `OpenAPI` 3.1 document, made from the rows and the types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::route::{Document, Good, Route};
use crate::report::Refused;

/// The document.
pub(super) fn document(rows: &[Route]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for row in rows {
        let operation = operation(row, &mut generator);
        let path = paths.entry(row.path).or_insert_with(|| json!({}));
        path[row.method.as_str().to_ascii_lowercase()] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "harness serve",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The verbs of harness, what happens on the machine, and tasks.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(row: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let (status, mut good) = match row.good {
        Good::Document(status, document) => {
            (status, json!({ "description": "Done.", "content": content("application/json", document, generator) }))
        }
        Good::Nothing(status) => (status, json!({ "description": "Done." })),
        Good::Text(kind) => {
            (200, json!({ "description": "A stream.", "content": { kind: { "schema": { "type": "string" } } } }))
        }
        Good::Upgrade => (101, json!({ "description": "The connection is a WebSocket from now on." })),
    };
    if let Some(kind) = row.streamed {
        good["content"][kind] = json!({ "schema": { "type": "string" } });
    }
    if row.located {
        let schema = json!({ "type": "string", "format": "uri-reference" });
        good["headers"] = json!({ "Location": { "description": "Where it is.", "required": true, "schema": schema } });
    }
    responses.insert(status.to_string(), good);
    if row.may_be_nothing {
        responses.insert("204".to_owned(), json!({ "description": "There is nothing." }));
    }
    let refused = content("application/json", SchemaGenerator::subschema_for::<Refused>, generator);
    responses.insert("default".to_owned(), json!({ "description": "Why it was not done.", "content": refused }));
    let mut operation = json!({ "summary": row.summary, "operationId": id(row), "responses": responses });
    let mut parameters = path_parameters(row.path);
    parameters.extend(row.query.map(|query| query_parameters(query, generator)).unwrap_or_default());
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = row.body {
        operation["requestBody"] = json!({ "content": content("application/json", body, generator) });
    }
    if ["/health", "/enter", "/api/sources/github"].contains(&row.path) {
        operation["security"] = json!([]);
    }
    operation
}

fn content(kind: &str, document: Document, generator: &mut SchemaGenerator) -> Value {
    json!({ kind: { "schema": document(generator) } })
}

/// `get_api_agents_id`.
fn id(row: &Route) -> String {
    let words = row.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(row.method.as_str().to_ascii_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| {
            let about_agents = ["/api/agents", "/api/databases", "/api/sessions", "/ws/sessions"];
            let of_agent = about_agents.iter().any(|start| path.starts_with(start));
            let schema = match name {
                "id" if of_agent => json!({ "type": "integer", "minimum": 1, "maximum": 99 }),
                "id" => json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
                _ => json!({ "type": "string" }),
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect()
}

/// The fields of a type, each as a parameter.
fn query_parameters(query: Document, generator: &mut SchemaGenerator) -> Vec<Value> {
    let reference = query(generator).to_value();
    let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned();
    let definition = generator.definitions_mut().remove(&name).unwrap_or_default();
    let Some(properties) = definition["properties"].as_object() else { return Vec::new() };
    let parameter = |(name, schema): (&String, &Value)| json!({ "name": name, "in": "query", "required": false, "description": schema["description"], "schema": schema });
    properties.iter().map(parameter).collect()
}
