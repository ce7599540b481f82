//! Keys and tables in a TOML file.

use super::block;
use super::kinds::At;
use super::problem::{Problem, line_at, line_of};

/// Adds the block.
pub(super) fn add(text: &str, at: At, keys: &[&str], lines: &str) -> Result<String, Problem> {
    let others = block::take(text);
    let table: toml::Table = others.parse().map_err(|error: toml::de::Error| Problem::Broken {
        line: line_at(&others, error.span().map_or(0, |span| span.start)),
        why: error.message().to_owned(),
    })?;
    for key in keys {
        let mut value = Some(toml::Value::Table(table.clone()));
        for part in key.split('.') {
            value = value.and_then(|value| value.get(part).cloned());
        }
        if value.is_some() {
            let (line, wanted) = (line_of(text, key), lines.trim_end().replace('\n', "; "));
            return Err(Problem::Occupied { line, key: (*key).to_owned(), wanted });
        }
    }
    Ok(block::put(text, if at == At::Top { 0 } else { text.len() }, lines, ""))
}
