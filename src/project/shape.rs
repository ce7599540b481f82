//! Holds a configuration against its own JSON Schema, to say everything that is wrong with its shape.
//!
//! serde stops at the first error and knows no places. So when deserialising fails, this walks the
//! document and the schema of the raw types side by side and reports each unknown key (with the nearest
//! known one), wrong type, unknown word and number out of range. It reads no more of JSON Schema than
//! schemars writes for those types.

use serde_json::Value;

use super::document::{Document, Entry, KeyPath, Node};
use super::nearest::nearest;
use super::problem::Problem;

/// Every way in which the document does not fit the schema.
pub(super) fn check(document: &Document, schema: &Value) -> Vec<Problem> {
    let mut walk = Walk { document, root: schema, problems: Vec::new() };
    walk.node(&document.root, schema, &KeyPath::default());
    walk.problems
}

struct Walk<'a> {
    document: &'a Document,
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn report(&mut self, path: &KeyPath, message: String, hint: Option<String>) {
        self.problems.push(self.document.problem(path, message, hint));
    }

    /// Follows references.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let target = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
        match target.and_then(Value::as_str).and_then(|pointer| self.root.pointer(pointer.strip_prefix('#')?)) {
            Some(target) => self.resolve(target),
            None => schema,
        }
    }

    fn node(&mut self, node: &Node, schema: &'a Value, path: &KeyPath) {
        let schema = self.resolve(schema);
        if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array()) {
            return self.choice(node, choices, path);
        }
        if !fits_type(node, schema) {
            return self.report(path, format!("`{path}` must be {}, not {}", expected(schema), node.kind()), None);
        }
        match node {
            Node::Table(entries) => self.table(entries, schema, path),
            Node::Array(elements) => {
                if let Some(items) = schema.get("items") {
                    for (index, (_, element)) in elements.iter().enumerate() {
                        self.node(element, items, &path.index(index));
                    }
                }
            }
            Node::Integer(_) | Node::Float(_) => self.range(node, schema, path),
            _ => {}
        }
    }

    fn table(&mut self, entries: &[Entry], schema: &'a Value, path: &KeyPath) {
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        for Entry { key, value, .. } in entries {
            let path = path.key(key);
            if let Some(schema) = known.and_then(|known| known.get(key)).or(others) {
                self.node(value, schema, &path);
            } else {
                let names = known.into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
                let hint = nearest(key, names.clone()).map(|name| format!("did you mean `{name}`?"));
                let hint = hint.unwrap_or_else(|| format!("known here: {}", names.collect::<Vec<_>>().join(", ")));
                self.report(&path, format!("unknown key `{path}`"), Some(hint));
            }
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == name) {
                self.report(path, format!("missing key `{}`", path.key(name)), None);
            }
        }
    }

    /// The value must fit one of several schemas: that of its own type, or one of several words.
    fn choice(&mut self, node: &Node, choices: &'a [Value], path: &KeyPath) {
        let choices: Vec<&Value> = choices.iter().map(|choice| self.resolve(choice)).collect();
        let words: Vec<&str> = choices.iter().flat_map(|choice| words(choice)).collect();
        if words.is_empty() {
            if let Some(choice) = choices.iter().find(|choice| fits_type(node, choice)) {
                return self.node(node, choice, path);
            }
            let mut kinds: Vec<String> = choices.iter().map(|choice| expected(choice)).collect();
            kinds.dedup();
            let message = format!("`{path}` must be {}, not {}", kinds.join(" or "), node.kind());
            return self.report(path, message, None);
        }
        let found = match node {
            Node::String(text) if words.contains(&text.as_str()) => return,
            Node::String(text) => format!("`{text}`"),
            other => other.kind().to_owned(),
        };
        let listed = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let hint = match node {
            Node::String(text) => nearest(text, words.into_iter()).map(|word| format!("did you mean `{word}`?")),
            _ => None,
        };
        self.report(path, format!("`{path}` must be one of {listed}, not {found}"), hint);
    }

    fn range(&mut self, node: &Node, schema: &Value, path: &KeyPath) {
        #[allow(clippy::cast_precision_loss)] // only compared with small bounds
        let number = match node {
            Node::Integer(number) => *number as f64,
            Node::Float(number) => *number,
            _ => return,
        };
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let (low, high) = (bound("minimum"), bound("maximum"));
        if low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high) || number.is_nan() {
            let wanted = match (low, high) {
                (Some(low), Some(high)) => format!("from {low} to {high}"),
                (Some(low), None) => format!("at least {low}"),
                (None, high) => format!("at most {}", high.unwrap_or(f64::INFINITY)),
            };
            let number = if number.is_infinite() { "a number that large".to_owned() } else { number.to_string() };
            self.report(path, format!("`{path}` must be {wanted}, not {number}"), None);
        }
    }
}

/// The words that a schema of constants allows.
fn words(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Value::as_str).collect()
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn fits_type(node: &Node, schema: &Value) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|name| match node {
            Node::String(_) => *name == "string",
            Node::Integer(_) => matches!(*name, "integer" | "number"),
            Node::Float(number) => *name == "number" || (*name == "integer" && number.is_infinite()),
            Node::Boolean(_) => *name == "boolean",
            Node::Array(_) => *name == "array",
            Node::Table(_) => *name == "object",
            Node::Datetime(_) => false,
        })
}

/// What a message calls the types that a schema allows.
fn expected(schema: &Value) -> String {
    let names = types(schema).into_iter().map(|name| match name {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "a boolean",
        "array" => "an array",
        _ => "a table",
    });
    names.collect::<Vec<_>>().join(" or ")
}
