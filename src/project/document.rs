//! TOML files as one tree in which every key knows its file, line and column.
//!
//! The overlay's tables are merged into the base's, deeply; anything else (also an array) replaces what
//! was there. The merged tree is deserialised by serde, which forgets places; messages find them again
//! here, by the path of the key.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::problem::{Location, Problem};

/// The path of a key: `verify.stages[1].commands`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyPath(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

impl KeyPath {
    /// The path of a dotted key: `infra.postgres.port`, `render.files[0].target`. The parts must not hold
    /// dots or brackets themselves.
    pub(super) fn of(dotted: &str) -> Self {
        let segments = dotted.split(['.', '[']).map(|part| {
            let index = part.strip_suffix(']').and_then(|digits| digits.parse().ok());
            index.map_or_else(|| Segment::Key(part.to_owned()), Segment::Index)
        });
        Self(segments.collect())
    }

    /// The path of a key in the table at this path.
    pub(super) fn key(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Segment::Key(key.to_owned()));
        path
    }

    /// The path of an element of the array at this path.
    pub(super) fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Segment::Index(index));
        path
    }
}

impl From<&serde_path_to_error::Path> for KeyPath {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment as Theirs;
        let segments = path.iter().filter_map(|segment| match segment {
            Theirs::Map { key } => Some(Segment::Key(key.clone())),
            Theirs::Seq { index } => Some(Segment::Index(*index)),
            Theirs::Enum { .. } | Theirs::Unknown => None,
        });
        Self(segments.collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(formatter, "[{index}]")?,
                Segment::Key(key) => {
                    formatter.write_str(if position == 0 { "" } else { "." })?;
                    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                    if !key.is_empty() && key.bytes().all(bare) {
                        formatter.write_str(key)?;
                    } else {
                        write!(formatter, "{key:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Where a key or a value begins: which source, which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SourcePosition {
    source: usize,
    offset: usize,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(toml::value::Datetime),
    Array(Vec<(SourcePosition, Node)>),
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: SourcePosition,
    pub(super) value: Node,
}

/// One or more files, merged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    sources: Vec<(PathBuf, String)>,
    pub(super) root: Node,
}

impl Document {
    /// Parses the first file and merges the following ones into it, in order.
    pub(super) fn parse(files: Vec<(PathBuf, String)>) -> Result<Self, Vec<Problem>> {
        let mut root = Node::Table(Vec::new());
        let mut problems = Vec::new();
        for (source, (path, text)) in files.iter().enumerate() {
            let (table, errors) = DeTable::parse_recoverable(text);
            problems.extend(errors.into_iter().map(|error| Problem {
                location: error.span().map(|span| locate(path, text, span.start)),
                key: String::new(),
                message: format!("not valid TOML: {}", error.message().replace('\n', ", ")),
                hint: None,
            }));
            root.merge(Node::Table(entries(table.into_inner(), source)));
        }
        if problems.is_empty() { Ok(Self { sources: files, root }) } else { Err(problems) }
    }

    /// Where the key at `path` stands, or else the nearest table above it that is there.
    pub(super) fn locate(&self, path: &KeyPath) -> Option<Location> {
        let mut node = &self.root;
        let mut found = None;
        for segment in &path.0 {
            let (place, next) = match (segment, node) {
                (Segment::Key(key), Node::Table(entries)) => match entries.iter().find(|entry| entry.key == *key) {
                    Some(entry) => (entry.place, &entry.value),
                    None => break,
                },
                (Segment::Index(index), Node::Array(elements)) => match elements.get(*index) {
                    Some((place, value)) => (*place, value),
                    None => break,
                },
                _ => break,
            };
            found = Some(place);
            node = next;
        }
        found.map(|place| self.location(place))
    }

    /// The file, line and column of a place.
    pub(super) fn location(&self, place: SourcePosition) -> Location {
        let (path, text) = &self.sources[place.source];
        locate(path, text, place.offset)
    }

    /// A problem at the key at `path`.
    pub(super) fn problem(&self, path: &KeyPath, message: impl Into<String>, hint: Option<String>) -> Problem {
        // what is missing at the top stands nowhere: the file is what can be named
        let nowhere = || path.0.is_empty().then(|| Location { file: self.file().to_owned(), line: 1, column: 1 });
        let location = self.locate(path).or_else(nowhere);
        Problem { location, key: path.to_string(), message: message.into(), hint }
    }

    /// The files, the overlays last.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().map(|(path, _)| path.as_path())
    }

    /// The first file: `harness.toml` itself.
    pub(super) fn file(&self) -> &Path {
        &self.sources[0].0
    }
}

impl Node {
    /// What a message calls this kind of value.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a datetime",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// The same without places, for serde.
    pub(super) fn to_value(&self) -> toml::Value {
        match self {
            Self::String(text) => toml::Value::String(text.clone()),
            Self::Integer(number) => toml::Value::Integer(*number),
            Self::Float(number) => toml::Value::Float(*number),
            Self::Boolean(flag) => toml::Value::Boolean(*flag),
            Self::Datetime(datetime) => toml::Value::Datetime(*datetime),
            Self::Array(elements) => {
                toml::Value::Array(elements.iter().map(|(_, element)| element.to_value()).collect())
            }
            Self::Table(entries) => {
                toml::Value::Table(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect())
            }
        }
    }

    /// Tables are merged, everything else is replaced.
    fn merge(&mut self, overlay: Self) {
        match (self, overlay) {
            (Self::Table(base), Self::Table(overlay)) => {
                for entry in overlay {
                    match base.iter_mut().find(|present| present.key == entry.key) {
                        // where both are tables each key keeps its own place
                        Some(present) => {
                            if !matches!((&present.value, &entry.value), (Self::Table(_), Self::Table(_))) {
                                present.place = entry.place;
                            }
                            present.value.merge(entry.value);
                        }
                        None => base.push(entry),
                    }
                }
            }
            (base, overlay) => *base = overlay,
        }
    }
}

fn entries(table: DeTable<'_>, source: usize) -> Vec<Entry> {
    let entry = |(key, value): (toml::Spanned<_>, toml::Spanned<DeValue<'_>>)| {
        let place = SourcePosition { source, offset: key.span().start };
        let key: std::borrow::Cow<'_, str> = key.into_inner();
        Entry { key: key.into_owned(), place, value: node(value.into_inner(), source) }
    };
    table.into_iter().map(entry).collect()
}

fn node(value: DeValue<'_>, source: usize) -> Node {
    match value {
        DeValue::String(text) => Node::String(text.into_owned()),
        // out of range: the float that is nearest, so that a range check names it
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Node::Integer(number),
            Err(_) => Node::Float(f64::INFINITY),
        },
        DeValue::Float(number) => Node::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Node::Boolean(flag),
        DeValue::Datetime(datetime) => Node::Datetime(datetime),
        DeValue::Array(elements) => Node::Array(
            elements
                .into_iter()
                .map(|element| {
                    let place = SourcePosition { source, offset: element.span().start };
                    (place, node(element.into_inner(), source))
                })
                .collect(),
        ),
        DeValue::Table(table) => Node::Table(entries(table, source)),
    }
}

fn locate(path: &Path, text: &str, offset: usize) -> Location {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    Location { file: path.to_owned(), line, column }
}

#[cfg(test)]
mod tests;
