//! The JSON Schema of `harness.toml`, made from the raw types.
//!
//! Draft 7, because that is what editors' TOML plugins read. It is committed as
//! `schema/harness.schema.json`; a test fails when the two differ.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use super::raw;

/// Where the schema is published.
const ID: &str = "https://raw.githubusercontent.com/harness/harness/main/schema/harness.schema.json";

/// The JSON Schema of `harness.toml`.
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<raw::File>();
    RecursiveTransform(without_null).transform(&mut schema);
    // what a reader looks for first stands first
    let mut ordered = serde_json::Map::new();
    let Value::Object(mut table) = schema.to_value() else { return Value::Null };
    table.insert("$id".to_owned(), Value::String(ID.to_owned()));
    for key in ["$schema", "$id", "title", "description"] {
        ordered.extend(table.shift_remove_entry(key));
    }
    ordered.extend(table);
    Value::Object(ordered)
}

/// Takes `null` out of a schema whose optional keys are left out: TOML has no null, and a client of `harness mcp` that
/// reads a text by the type of its argument finds one type.
pub fn without_null(schema: &mut Schema) {
    let Some(table) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = table.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            table.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = table.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let is_null = |schema: &Value| schema.get("type").is_some_and(|name| name == "null");
    if let Some(Value::Array(choices)) = table.get_mut("anyOf") {
        choices.retain(|choice| !is_null(choice));
        if let [Value::Object(only)] = &choices[..] {
            let only = only.clone();
            table.remove("anyOf");
            if only.contains_key("$ref") {
                // draft 7 ignores what stands beside a `$ref`
                table.insert("allOf".to_owned(), Value::Array(vec![Value::Object(only)]));
            } else {
                for (key, value) in only {
                    table.entry(key).or_insert(value);
                }
            }
        }
    }
    // an optional key is absent by default
    if table.get("default").is_some_and(Value::is_null) {
        table.shift_remove("default");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/harness.schema.json");
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let current = serde_json::to_string_pretty(&super::schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &current).unwrap();
            return;
        }
        assert!(
            committed == current,
            "schema/harness.schema.json is not that of the types: run `harness config schema > schema/harness.schema.json`"
        );
    }
}
