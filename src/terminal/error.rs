//! How a failure is shown: what failed, the chain of causes, the evidence, then the hint.

use std::fmt::Write;

use super::style::{BAD, CAUTION, DIM};
use crate::report::ErrorDocument;

/// A failure for people, ending in a line break. Control characters of quoted output are made harmless.
pub fn render_failure(error: &ErrorDocument) -> String {
    let mut text = format!("{BAD}error:{BAD:#} {}\n", error.message);
    for cause in &error.causes {
        let _ = writeln!(text, "  caused by: {cause}");
    }
    for line in &error.details {
        let _ = writeln!(text, "  {DIM}|{DIM:#} {}", harmless(line));
    }
    if let Some(hint) = &error.hint {
        let _ = writeln!(text, "{CAUTION}hint:{CAUTION:#} {hint}");
    }
    text
}

/// Replaces control characters other than tab, so that a quoted log cannot drive the terminal.
pub fn harmless(line: &str) -> String {
    line.chars()
        .map(|character| if character.is_control() && character != '\t' { '\u{fffd}' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_evidence_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
