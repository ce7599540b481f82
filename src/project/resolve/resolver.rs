//! Collects problems, and resolves the values that occur everywhere.

use std::time::Duration;

use super::super::document::{Document, KeyPath};
use super::super::model::Template;
use super::super::problem::Problem;
use super::super::raw::{DurationValue, MemoryValue, Ordered, Scalar};
use crate::system::MARKER;
use crate::system::loopback_map::MAPPED;

/// Collects what is wrong.
pub(crate) struct Resolver<'a> {
    document: &'a Document,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self { document, problems: Vec::new() }
    }

    pub(crate) fn document(&self) -> &'a Document {
        self.document
    }

    pub(crate) fn report(&mut self, path: &KeyPath, message: impl Into<String>) {
        self.problems.push(self.document.problem(path, message, None));
    }

    pub(crate) fn report_with(&mut self, path: &KeyPath, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(self.document.problem(path, message, Some(hint.into())));
    }

    pub(crate) fn duration(&mut self, value: Option<&DurationValue>, path: &KeyPath, default: Duration) -> Duration {
        let parsed = value.map_or(Ok(default), DurationValue::parse);
        parsed.unwrap_or_else(|wrong| {
            self.report(path, format!("`{path}`: {wrong}"));
            default
        })
    }

    /// The same, where none means nothing: a limit, the time between two looks.
    pub(crate) fn some_duration(
        &mut self,
        value: Option<&DurationValue>,
        path: &KeyPath,
        default: Duration,
    ) -> Duration {
        let parsed = value.map_or(Ok(default), DurationValue::parse_some);
        parsed.unwrap_or_else(|wrong| {
            self.report(path, format!("`{path}`: {wrong}"));
            default
        })
    }

    /// Seconds of a `…_seconds` key, more than none.
    pub(crate) fn some_seconds(&mut self, value: Option<f64>, path: &KeyPath, default: f64) -> Duration {
        let value = value.map(DurationValue::Seconds);
        self.some_duration(value.as_ref(), path, Duration::from_secs_f64(default))
    }

    /// Seconds of a `…_seconds` key.
    pub(crate) fn seconds(&mut self, value: Option<f64>, path: &KeyPath, default: f64) -> Duration {
        let value = value.map(DurationValue::Seconds);
        self.duration(value.as_ref(), path, Duration::from_secs_f64(default))
    }

    pub(crate) fn memory(&mut self, value: Option<&MemoryValue>, path: &KeyPath) -> Option<u64> {
        value?.parse().map_err(|wrong| self.report(path, format!("`{path}`: {wrong}"))).ok()
    }

    /// A regular expression with at least `groups` groups, and the named ones.
    pub(crate) fn pattern(
        &mut self,
        text: Option<&str>,
        path: &KeyPath,
        groups: usize,
        named: &[&str],
    ) -> Option<String> {
        let text = text?;
        match regex::Regex::new(text) {
            Ok(pattern) => {
                let present: Vec<&str> = pattern.capture_names().flatten().collect();
                if pattern.captures_len() <= groups {
                    let hint = "put brackets around the number: `Found (\\d+) errors`";
                    self.report_with(path, format!("`{path}` has no group"), hint);
                }
                for name in named.iter().filter(|name| !present.contains(name)) {
                    self.report_with(path, format!("`{path}` has no group `{name}`"), format!("write `(?<{name}>…)`"));
                }
            }
            Err(error) => {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.report(path, format!("`{path}` is not a regular expression: {reason}"));
            }
        }
        Some(text.to_owned())
    }

    /// A name that becomes part of file names, log lines and command lines.
    pub(crate) fn name(&mut self, name: &str, path: &KeyPath) -> String {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !(first && rest && name.len() <= MAX_NAME) {
            let rule = "a name begins with a letter or digit and holds letters, digits, `.`, `_` and `-` only";
            self.report_with(path, format!("`{name}` cannot be the name at `{path}`"), rule);
        }
        name.to_owned()
    }

    /// Reports the second of two equal names. `path` gives the place of the nth.
    pub(crate) fn unique<'n>(&mut self, names: impl Iterator<Item = &'n str>, path: impl Fn(usize) -> KeyPath) {
        let mut seen: Vec<&str> = Vec::new();
        for (position, name) in names.enumerate() {
            if seen.contains(&name) {
                let path = path(position);
                self.report(&path, format!("the name `{name}` at `{path}` is already used"));
            }
            seen.push(name);
        }
    }

    /// Variables of an environment: their names checked, their values as templates.
    pub(crate) fn environment(&mut self, raw: &Ordered<Scalar>, path: &KeyPath) -> Vec<(String, Template)> {
        for (name, _) in &raw.0 {
            self.variable_name(name, &path.key(name));
        }
        raw.0.iter().map(|(name, value)| (name.clone(), Template(value.to_string()))).collect()
    }

    /// The name of an environment variable, as shells and dotenv files can express it.
    pub(crate) fn variable_name(&mut self, name: &str, path: &KeyPath) {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !first || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            let rule = "use letters, digits and `_`, not beginning with a digit";
            self.report_with(path, format!("`{name}` cannot be the name of an environment variable"), rule);
        } else if ["AGENT_ID", MARKER, MAPPED].contains(&name) {
            self.report_with(path, format!("`{path}` is reserved: harness sets it"), format!("remove `{path}`"));
        }
    }

    /// Exactly one of several keys must be there.
    pub(crate) fn exactly_one(&mut self, path: &KeyPath, keys: &[(&str, bool)]) -> bool {
        let names = |only_given: bool| {
            let chosen = keys.iter().filter(|(_, given)| *given || !only_given);
            chosen.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>()
        };
        let given = names(true);
        match given.len() {
            1 => return true,
            0 => self.report(path, format!("`{path}` needs one of {}", names(false).join(", "))),
            _ => self.report(path, format!("`{path}` may have only one of {}", given.join(" and "))),
        }
        false
    }
}

/// Names end up in paths of Unix sockets' neighbours and in rows of tables.
const MAX_NAME: usize = 64;
