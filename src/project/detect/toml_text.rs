//! Values and comments as TOML writes them.

use std::fmt::Write as _;

/// An array of strings.
pub(super) fn list(entries: &[String]) -> String {
    let quoted: Vec<String> = entries.iter().map(|entry| quote(entry)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A comment behind a line, at a column where it reads well.
pub(super) fn pad(line: &str, comment: &str) -> String {
    let space = 30_usize.saturating_sub(line.chars().count()).max(2);
    let comment = comment.replace(['\n', '\r'], " ");
    format!("{}# {comment}", " ".repeat(space))
}

/// A string of TOML on one line.
pub(super) fn quote(text: &str) -> String {
    let is_control = |character: char| character.is_control();
    if !text.contains(['"', '\\']) && !text.contains(is_control) {
        return format!("\"{text}\"");
    }
    if !text.contains('\'') && !text.contains(is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn every_string_is_read_back() {
        for text in ["", "plain", "a \"b\"", "it's \"x\"", "a\\b", "line\nline\ttab\u{1}", "'\\'"] {
            let table: toml::Table = format!("a = {}", quote(text)).parse().unwrap();
            assert_eq!(table["a"].as_str(), Some(text));
        }
    }
}
