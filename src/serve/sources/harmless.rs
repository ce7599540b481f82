//! What strangers wrote, without what drives a terminal, turns text around or hides it from whoever approves it.

use crate::system::text::cut;

/// Characters of a title.
const TITLE: usize = 300;
/// Bytes of a text.
const TEXT: usize = 100_000;

/// A title of 1 to 300 characters on one line.
pub(super) fn title(title: &str, number: u64) -> String {
    let title = line(title);
    if title.is_empty() { format!("issue {number}") } else { title }
}

/// One line that hides nothing.
pub(super) fn line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(TITLE).collect();
    line.trim_end().to_owned()
}

/// Lines that hide nothing.
pub(super) fn text(body: &str) -> String {
    let kept = |c: &char| *c == '\n' || *c == '\t' || !(c.is_control() || is_invisible(*c));
    let plain: String = body.replace("\r\n", "\n").chars().filter(kept).collect();
    cut(&plain, TEXT).to_owned()
}

/// Characters that turn text around or hide it from whoever approves it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
