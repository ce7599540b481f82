//! minijinja as harness uses it: strict, without HTML escaping, with errors that name names.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment as Jinja, ErrorKind, UndefinedBehavior, Value};

use super::error::{Origin, RenderError, Result};
use super::quote::{dotenv_value, toml_key, toml_value};
use super::template_values::TemplateValues;
use crate::project::nearest;

/// Evaluates templates.
pub(super) struct Engine {
    values: Jinja<'static>,
    files: Jinja<'static>,
}

/// What a template sees.
#[derive(Debug, Clone)]
pub(super) struct Scope(BTreeMap<String, Value>);

impl Scope {
    /// The values of a context; `env` is empty.
    pub(super) fn new(context: &TemplateValues) -> Self {
        let values = Value::from(Serde(context));
        let names = values.try_iter().into_iter().flatten();
        let mut scope =
            Self(names.filter_map(|name| Some((name.as_str()?.to_owned(), values.get_item(&name).ok()?))).collect());
        for (name, values) in &context.servers {
            if let Some(values) = values {
                scope.set(name, Value::from(Serde(values)));
            }
        }
        scope.set_env(&BTreeMap::new());
        scope
    }

    /// Replaces `env`.
    pub(super) fn set_env(&mut self, env: &BTreeMap<String, String>) {
        self.set("env", Value::from_pairs(env.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
    }

    /// Defines one more name.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Makes a name that is not defined false, so that a template may ask for it.
    pub(super) fn set_absent(&mut self, name: &str) {
        self.0.entry(name.to_owned()).or_insert_with(|| Value::from(()));
    }

    /// Every name that is defined, dotted: `ports.api`.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (name, value) in &self.0 {
            names.push(name.clone());
            if value.kind() == ValueKind::Map {
                let inner = value.try_iter().into_iter().flatten();
                names.extend(inner.filter_map(|key| Some(format!("{name}.{}", key.as_str()?))));
            }
        }
        names
    }

    fn defines(&self, dotted: &str) -> bool {
        let mut parts = dotted.split('.');
        let Some(first) = parts.next().and_then(|name| self.0.get(name)).cloned() else { return false };
        parts.try_fold(first, |value, part| value.get_attr(part).ok().filter(|value| !value.is_undefined())).is_some()
    }
}

impl Engine {
    pub(super) fn new() -> Self {
        // shell commands hold `${#name}`, which must not begin a comment
        let values = SyntaxConfig::builder().comment_delimiters("{##", "##}").keep_trailing_newline(true).build();
        let files = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        let build = |syntax: std::result::Result<SyntaxConfig, minijinja::Error>| {
            let mut jinja = Jinja::new();
            jinja.set_undefined_behavior(UndefinedBehavior::Strict);
            jinja.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
            // `true`, as env files, JSON and TOML write it, not `True`
            jinja.set_formatter(|output, state, value| match value.kind() {
                ValueKind::Bool => Ok(output.write_str(if value.is_true() { "true" } else { "false" })?),
                _ => minijinja::escape_formatter(output, state, value),
            });
            jinja.set_syntax(syntax.expect("the delimiters are distinct"));
            jinja.add_filter("toml", |value: Value| toml_value(&value));
            jinja.add_filter("toml_key", |name: String| toml_key(&name));
            jinja.add_filter("dotenv", |value: String| dotenv_value(&value));
            jinja
        };
        Self { values: build(values), files: build(files) }
    }

    /// Evaluates a value of `harness.toml`.
    pub(super) fn value(&self, text: &str, scope: &Scope, origin: impl FnOnce() -> Origin) -> Result<String> {
        if !text.contains("{{") && !text.contains("{%") {
            return Ok(text.to_owned());
        }
        evaluate(&self.values, text, scope, origin)
    }

    /// Evaluates a template's file.
    pub(super) fn file(&self, text: &str, scope: &Scope, origin: impl FnOnce() -> Origin) -> Result<String> {
        evaluate(&self.files, text, scope, origin)
    }
}

fn evaluate(jinja: &Jinja<'_>, text: &str, scope: &Scope, origin: impl FnOnce() -> Origin) -> Result<String> {
    let template = match jinja.template_from_str(text) {
        Ok(template) => template,
        Err(source) => return Err(RenderError::template(at(origin(), &source), &source)),
    };
    template.render(&scope.0).map_err(|source| {
        let origin = at(origin(), &source);
        if source.kind() != ErrorKind::UndefinedError {
            return RenderError::template(origin, &source);
        }
        let globals: Vec<&str> = jinja.globals().map(|(name, _)| name).collect();
        let line = source.line().and_then(|line| text.lines().nth(line - 1)).unwrap_or(text);
        let mut missing: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        missing.retain(|name| !scope.defines(name) && !globals.contains(&name.as_str()));
        // the engine says on which line, the template says which names
        missing.sort_by_key(|name| (line.find(name.as_str()).unwrap_or(usize::MAX), name.clone()));
        match missing.into_iter().next() {
            None => RenderError::template(origin, &source),
            Some(name) => RenderError::Undefined { hint: suggest(&name, scope), origin, name },
        }
    })
}

/// The line of a template's file where it failed.
fn at(mut origin: Origin, error: &minijinja::Error) -> Origin {
    if let (Some(location), Some(line)) = (&mut origin.location, error.line()) {
        // a location that already has a column is that of a key
        if location.column == 0 {
            location.line = line;
            location.column = 1;
        }
    }
    origin
}

/// The nearest name; else what there is beside it.
fn suggest(name: &str, scope: &Scope) -> Option<String> {
    let names = scope.names();
    if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
        return Some(format!("did you mean `{near}`?"));
    }
    let parent = name.rsplit_once('.').map_or("", |(parent, _)| parent);
    let beside = names.iter().filter(|known| known.rsplit_once('.').map_or("", |(parent, _)| parent) == parent);
    let listed: Vec<&str> = beside.map(String::as_str).take(12).collect();
    (!listed.is_empty()).then(|| format!("there are {}", listed.join(", ")))
}
