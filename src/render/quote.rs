//! Strings as they must be written in a dotenv file and in TOML.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// A value for a dotenv file, such that `sh` (`set -a; . file`), dotenv libraries and docker compose all
/// read it back as it is.
///
/// What they have in common is small: single quotes are literal everywhere but cannot hold a `'`, and
/// some readers take a backslash before the closing one for an escape; double quotes may hold a `'` but
/// not everywhere a backtick. A value that needs all of it is put together from pieces, as a shell would.
pub fn dotenv_value(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+,=-".contains(&byte);
    if value.bytes().all(plain) {
        return value.to_owned();
    }
    let ends_in_escape = value.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    if !value.contains('\'') && !ends_in_escape {
        return format!("'{value}'");
    }
    if !value.contains('`') {
        let mut quoted = String::from("\"");
        for character in value.chars() {
            if matches!(character, '\\' | '"' | '$') {
                quoted.push('\\');
            }
            quoted.push(character);
        }
        return quoted + "\"";
    }
    let special = |character: char| matches!(character, '\'' | '\\');
    // begun with a quote: without one a backslash is literal
    value.split_inclusive(special).fold("''".to_owned(), |mut quoted, piece| {
        let literal = piece.trim_end_matches(special);
        if !literal.is_empty() {
            let _ = write!(quoted, "'{literal}'");
        }
        quoted.extend(piece[literal.len()..].chars().flat_map(|character| ['\\', character]));
        quoted
    })
}

/// A string as TOML, on one line.
pub fn toml_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A key as TOML: bare where that is allowed.
pub fn toml_key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { toml_string(name) }
}

/// Any value as TOML, on one line: the filter `toml`.
pub(super) fn toml_value(value: &Value) -> Result<String, Error> {
    let list = |items: Vec<String>| items.join(", ");
    Ok(match value.kind() {
        ValueKind::Bool => value.is_true().to_string(),
        // `1.0` must stay a float
        ValueKind::Number if value.is_integer() => value.to_string(),
        ValueKind::Number => format!("{:?}", f64::try_from(value.clone())?),
        ValueKind::String => toml_string(value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            format!("[{}]", list(value.try_iter()?.map(|item| toml_value(&item)).collect::<Result<_, _>>()?))
        }
        ValueKind::Map => {
            let entry = |key: Value| -> Result<String, Error> {
                Ok(format!("{} = {}", toml_key(&key.to_string()), toml_value(&value.get_item(&key)?)?))
            };
            let entries: Vec<String> = value.try_iter()?.map(entry).collect::<Result<_, _>>()?;
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", list(entries)) }
        }
        kind => return Err(Error::new(ErrorKind::InvalidOperation, format!("{kind} cannot be written as TOML"))),
    })
}
