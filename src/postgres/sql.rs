//! Names and values in SQL text. Utility statements take no parameters, so they are quoted here.

/// A name, quoted always: `"agent_3"`.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text value; independent of `standard_conforming_strings`.
pub(super) fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') { format!(" E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// `'a', 'b'`, for `IN (…)`; an empty list matches nothing.
pub(super) fn literals<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let list: Vec<String> = values.into_iter().map(literal).collect();
    if list.is_empty() { "NULL".to_owned() } else { list.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_leaves_no_way_out() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("back\\slash'"), " E'back\\\\slash'''");
        assert_eq!(literals([]), "NULL");
        assert_eq!(literals(["a", "b"]), "'a', 'b'");
    }
}
