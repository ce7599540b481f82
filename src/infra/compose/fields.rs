//! A field in a compose file: a node, the path that led to it, and the variables. Its methods read the node as what
//! its key demands and name key and line where it is something else.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Error, Result};
use super::yaml::{Node, Value};
use crate::project::interpolate;

/// What a variable is; `None` for one that is not set.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A node, and what messages call it.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) file: &'a Path,
    pub(super) lookup: Lookup<'a>,
    pub(super) path: String,
    pub(super) line: u64,
    pub(super) node: &'a Node,
}

impl<'a> Field<'a> {
    /// That the value makes no sense.
    pub(super) fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::Value { file: self.file.to_owned(), line: self.line, key: self.path.clone(), problem: problem.into() }
    }

    /// That the key is outside the subset.
    pub(super) fn unsupported(&self, reason: &'static str) -> Error {
        Error::Unsupported { file: self.file.to_owned(), line: self.line, key: self.path.clone(), reason }
    }

    /// The entries of a map; none for an absent value. Extensions (`x-…`) are left out.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Field<'a>)>> {
        let entries = match &self.node.value {
            Value::Null => return Ok(Vec::new()),
            Value::Map(entries) => entries,
            Value::Scalar(_) | Value::List(_) => return Err(self.wrong("is not a map of keys")),
        };
        Ok(entries
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
            .map(|entry| {
                let path =
                    if self.path.is_empty() { entry.key.clone() } else { format!("{}.{}", self.path, entry.key) };
                (entry.key.as_str(), Field { path, line: entry.line, node: &entry.node, ..self.clone() })
            })
            .collect())
    }

    /// The items of a list; none for an absent value.
    pub(super) fn items(&self) -> Result<Vec<Field<'a>>> {
        match &self.node.value {
            Value::Null => Ok(Vec::new()),
            Value::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(at, node)| Field { path: format!("{}[{at}]", self.path), line: node.line, node, ..self.clone() })
                .collect()),
            Value::Scalar(_) | Value::Map(_) => Err(self.wrong("is not a list")),
        }
    }

    /// A scalar with its variables put in; `None` for an absent value.
    pub(super) fn optional_text(&self) -> Result<Option<String>> {
        match &self.node.value {
            Value::Null => Ok(None),
            Value::Scalar(text) => interpolate(text, self.lookup).map(Some).map_err(|problem| self.wrong(problem)),
            Value::List(_) | Value::Map(_) => Err(self.wrong("is not a single value")),
        }
    }

    /// A scalar with its variables put in.
    pub(super) fn text(&self) -> Result<String> {
        self.optional_text()?.ok_or_else(|| self.wrong("has no value"))
    }

    /// A scalar, read by `parse`; `what` is what it should have been.
    pub(super) fn parsed<T>(&self, what: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let text = self.text()?;
        parse(&text).ok_or_else(|| self.wrong(format!("is not {what}: `{text}`")))
    }

    /// A list of scalars; a single one counts as a list of one.
    pub(super) fn texts(&self) -> Result<Vec<String>> {
        match &self.node.value {
            Value::Scalar(_) => Ok(vec![self.text()?]),
            _ => self.items()?.iter().map(Field::text).collect(),
        }
    }

    /// A command: a list, or a line that is split the way a shell does; `None` leaves the image's own.
    pub(super) fn command(&self) -> Result<Option<Vec<String>>> {
        match &self.node.value {
            Value::Null => Ok(None),
            Value::Scalar(_) => self.parsed("a command line", |text| shell_words::split(text).ok()).map(Some),
            _ => self.texts().map(Some),
        }
    }

    /// A map of texts, or a list of `NAME=value`. A name without a value is the variable of that name, and absent
    /// where that is not set.
    pub(super) fn pairs(&self) -> Result<BTreeMap<String, String>> {
        let mut pairs = BTreeMap::new();
        if matches!(self.node.value, Value::List(_)) {
            for item in self.items()? {
                let text = item.text()?;
                match text.split_once('=') {
                    Some((name, value)) => pairs.insert(name.to_owned(), value.to_owned()),
                    None => (self.lookup)(&text).and_then(|value| pairs.insert(text, value)),
                };
            }
            return Ok(pairs);
        }
        for (name, field) in self.entries()? {
            if let Some(value) = field.optional_text()?.or_else(|| (self.lookup)(name)) {
                pairs.insert(name.to_owned(), value);
            }
        }
        Ok(pairs)
    }
}
