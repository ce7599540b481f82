//! Workflow commands of GitHub Actions: each failure beside the line that it is about.

use std::fmt::Write;

use crate::report::Verify;

/// One `::error` line for each command that failed, and one for a fail that no command has.
pub fn annotations(document: &Verify) -> String {
    let mut text = String::new();
    for stage in &document.stages {
        for command in stage.commands.iter().filter(|command| command.status.is_bad()) {
            let said = command.first_error.as_deref().unwrap_or("it failed");
            let (place, message) = place(said);
            let title = property(&format!("{}: {}", stage.name, command.name));
            let _ = writeln!(text, "::error {place}title={title}::{}", escaped(message));
        }
    }
    if text.is_empty()
        && let Some(reason) = document.reason
    {
        let said = document.error.as_ref().map_or_else(String::new, |error| format!(": {}", error.message));
        let _ = writeln!(text, "::error title=verify::{}", escaped(&format!("{reason}{said}")));
    }
    text
}

/// `file=..,line=..,col=..,` and the rest of a first error; nothing where it does not begin with a place.
fn place(said: &str) -> (String, &str) {
    let Some((path, rest)) = said.split_once(':') else { return (String::new(), said) };
    let number = |text: &str| text.len() - text.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    let digits = number(rest);
    if digits == 0 || path.contains([' ', '\n']) || !rest[digits..].starts_with(':') {
        return (String::new(), said);
    }
    let (line, rest) = (&rest[..digits], &rest[digits + 1..]);
    let columns = number(rest);
    let (column, message) = match rest[columns..].strip_prefix(':') {
        Some(message) if columns > 0 => (format!("col={},", &rest[..columns]), message),
        _ => (String::new(), rest),
    };
    (format!("file={},line={line},{column}", property(path)), message.trim_start())
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_apart() {
        assert_eq!(place("src/a.ts:3:5: error TS1: x"), ("file=src/a.ts,line=3,col=5,".into(), "error TS1: x"));
        assert_eq!(place("a,b.py:9: assert 3 == 4"), ("file=a%2Cb.py,line=9,".into(), "assert 3 == 4"));
        for said in ["command not found: `tsc`", "make: *** No rule", "http://localhost:8080: refused", "no"] {
            assert_eq!(place(said), (String::new(), said));
        }
        assert_eq!(escaped("100 %\nmore"), "100 %25%0Amore");
    }
}
