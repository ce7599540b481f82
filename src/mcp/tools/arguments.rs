//! Arguments: the two that every tool has, and reading a tool's own with the errors that a model can act on.

use std::time::Duration;

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::project::{AgentId, DurationValue, without_null};
use crate::report::{Diagnostic, Failure, Kind};

/// A tool was called with arguments that it does not have.
#[derive(Debug, thiserror::Error)]
enum WrongArguments {
    #[error("the arguments of `{tool}` are wrong")]
    Shape {
        tool: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("`{0}` is not a duration: {1}")]
    Duration(String, String),
    #[error("`{0}` is not a regular expression")]
    Pattern(String, #[source] regex::Error),
    #[error("this needs `{0}`")]
    Missing(&'static str),
}

impl Diagnostic for WrongArguments {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "mcp.arguments"
    }

    fn hint(&self) -> Option<String> {
        Some("the tool's input schema names its arguments".into())
    }
}

/// Whose stack is meant.
#[derive(Debug, Default, Deserialize)]
pub(in crate::mcp) struct Whose {
    /// The tree, as the client wrote it.
    pub(in crate::mcp) worktree: Option<String>,
    /// The agent.
    pub(in crate::mcp) agent: Option<AgentId>,
}

impl Whose {
    /// Takes the two out of a call's arguments.
    pub(in crate::mcp) fn take(tool: &'static str, arguments: &mut JsonObject) -> Result<Self, Failure> {
        let own: JsonObject = ["worktree", "agent"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), arguments.shift_remove(name)?)))
            .collect();
        parse(tool, own)
    }

    /// Tells a schema of them.
    fn describe(schema: &mut JsonObject) {
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        properties["worktree"] =
            json!({ "type": "string", "description": "Path of the work tree; the client's root when left out." });
        properties["agent"] = json!({
            "type": "integer", "minimum": 1, "maximum": AgentId::MAX,
            "description": "Number of the agent; only needed where several share one tree.",
        });
    }
}

/// Reads the arguments of a tool.
pub(super) fn parse<T: DeserializeOwned>(tool: &'static str, arguments: JsonObject) -> Result<T, Failure> {
    Ok(serde_json::from_value(Value::Object(arguments)).map_err(|source| WrongArguments::Shape { tool, source })?)
}

/// A time: `90s`, `2m`, or seconds.
pub(super) fn duration(text: Option<&str>) -> Result<Option<Duration>, Failure> {
    read(text, DurationValue::parse)
}

/// A time that a tool may take, longer than 0.
pub(super) fn limit(text: Option<&str>) -> Result<Option<Duration>, Failure> {
    read(text, DurationValue::parse_some)
}

fn read(
    text: Option<&str>,
    parse: fn(&DurationValue) -> Result<Duration, String>,
) -> Result<Option<Duration>, Failure> {
    let wrong = |text: &str, why| WrongArguments::Duration(text.to_owned(), why).into();
    text.map(|text| parse(&DurationValue::of(text)).map_err(|why| wrong(text, why))).transpose()
}

/// A regular expression for lines.
pub(super) fn pattern(text: &str) -> Result<regex::bytes::Regex, Failure> {
    Ok(regex::bytes::Regex::new(text).map_err(|source| WrongArguments::Pattern(text.to_owned(), source))?)
}

/// An argument that only some calls need is not there.
pub(super) fn missing(name: &'static str) -> Failure {
    WrongArguments::Missing(name).into()
}

/// The schema of a tool's arguments and its description, which is that of their type.
pub(super) fn schema<T: JsonSchema>() -> (String, JsonObject) {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    RecursiveTransform(without_null).transform(&mut schema);
    let Value::Object(mut schema) = schema.to_value() else { return Default::default() };
    schema.shift_remove("title");
    let description = match schema.shift_remove("description") {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    Whose::describe(&mut schema);
    (description, schema)
}
