//! Bytes to lines: bounded in length, valid UTF-8, and safe to print.

use std::borrow::Cow;

/// The longest line that is passed on in one piece.
const LIMIT: usize = 64 * 1024;

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes bytes; calls `on_line` for each line that they complete.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut on_line: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.partial.is_empty() && line.len() <= LIMIT {
                on_line(&text(line));
            } else {
                self.extend(line, &mut on_line);
                on_line(&text(&self.partial));
                self.partial.clear();
            }
        }
        self.extend(bytes, &mut on_line);
    }

    /// The last line, if its end never came.
    pub(super) fn finish(&mut self, mut on_line: impl FnMut(&str)) {
        if !self.partial.is_empty() {
            on_line(&text(&self.partial));
            self.partial.clear();
        }
    }

    fn extend(&mut self, mut bytes: &[u8], on_line: &mut impl FnMut(&str)) {
        while self.partial.len() + bytes.len() > LIMIT {
            let (piece, rest) = bytes.split_at(LIMIT - self.partial.len());
            self.partial.extend_from_slice(piece);
            on_line(&text(&self.partial));
            self.partial.clear();
            bytes = rest;
        }
        self.partial.extend_from_slice(bytes);
    }
}

fn text(line: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The text as it can be printed: terminal escape sequences and control characters taken out, tabs
/// kept, and of a line that rewrites itself (`\r`) the last state.
pub fn plain(line: &str) -> String {
    let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                // CSI: parameters up to a final byte
                Some('[') => while characters.next().is_some_and(|next| !('\u{40}'..='\u{7e}').contains(&next)) {},
                // OSC and the other strings: up to BEL or ST
                Some(']' | 'P' | '^' | '_' | 'X') => {
                    while let Some(next) = characters.next() {
                        if next == '\u{7}' || (next == '\u{1b}' && characters.next_if_eq(&'\\').is_some()) {
                            break;
                        }
                    }
                }
                _ => {}
            },
            '\t' => plain.push('\t'),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn lines_do_not_depend_on_how_bytes_arrive() {
        assert_eq!(cut(&[b"one\ntw", b"o\r\n", b"\nlast"]), ["one", "two", "", "last"]);
        assert_eq!(cut(&[b"\xff\n"]), ["\u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let long = vec![b'x'; LIMIT * 2 + 5];
        let lengths: Vec<usize> = cut(&[&long]).iter().map(String::len).collect();
        assert_eq!(lengths, [LIMIT, LIMIT, 5]);
    }

    #[test]
    fn plain_text_has_no_escapes() {
        assert_eq!(
            plain("\u{1b}[31merror\u{1b}[0m: \u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ a\tb\u{8}"),
            "error: link a\tb"
        );
        assert_eq!(plain("10%\r50%\r100%\r"), "100%");
    }
}
