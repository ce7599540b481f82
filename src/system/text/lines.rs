//! Bytes to lines of bounded length. Memory does not grow with the length of a line.

use std::borrow::Cow;

/// The longest line that output is kept in.
pub const LONGEST_LINE: usize = 64 * 1024;

/// What is done with a line that is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlong {
    /// It comes in several pieces.
    Split,
    /// The rest is dropped.
    Drop,
}

/// Cuts a stream of bytes into lines.
#[derive(Debug)]
pub struct Lines {
    partial: Vec<u8>,
    limit: usize,
    overlong: Overlong,
}

impl Lines {
    /// Lines of at most `limit` bytes.
    pub fn new(limit: usize, overlong: Overlong) -> Self {
        Self { partial: Vec::new(), limit, overlong }
    }

    /// Takes bytes; calls `on_line` for each line that they complete, with its bytes without the newline, and with
    /// whether the next call goes on with the same line.
    pub fn push(&mut self, mut bytes: &[u8], mut on_line: impl FnMut(&[u8], bool)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.partial.is_empty() && line.len() <= self.limit {
                on_line(line, false);
            } else {
                self.extend(line, &mut on_line);
                on_line(&self.partial, false);
                self.partial.clear();
            }
        }
        self.extend(bytes, &mut on_line);
    }

    /// The last line, if its end never came.
    pub fn finish(&mut self, mut on_line: impl FnMut(&[u8])) {
        if !self.partial.is_empty() {
            on_line(&self.partial);
            self.partial.clear();
        }
    }

    /// The line that has begun and not ended.
    pub fn partial(&self) -> &[u8] {
        &self.partial
    }

    fn extend(&mut self, mut bytes: &[u8], on_line: &mut impl FnMut(&[u8], bool)) {
        while self.partial.len() + bytes.len() > self.limit {
            let (piece, rest) = bytes.split_at(self.limit - self.partial.len());
            self.partial.extend_from_slice(piece);
            if self.overlong == Overlong::Drop {
                return;
            }
            on_line(&self.partial, true);
            self.partial.clear();
            bytes = rest;
        }
        self.partial.extend_from_slice(bytes);
    }
}

/// A line as text: without the carriage return of its end, bytes that are not UTF-8 as `U+FFFD`.
pub fn text_of(line: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(overlong: Overlong, pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::new(LONGEST_LINE, overlong), Vec::new());
        for piece in pieces {
            lines.push(piece, |line, _| seen.push(text_of(line).into_owned()));
        }
        lines.finish(|line| seen.push(text_of(line).into_owned()));
        seen
    }

    #[test]
    fn lines_do_not_depend_on_how_bytes_arrive() {
        assert_eq!(cut(Overlong::Split, &[b"one\ntw", b"o\r\n", b"\nlast"]), ["one", "two", "", "last"]);
        assert_eq!(cut(Overlong::Drop, &[b"\xff\n"]), ["\u{fffd}"]);
    }

    #[test]
    fn a_longer_line_comes_in_pieces_or_is_cut() {
        let long = vec![b'x'; LONGEST_LINE * 2 + 5];
        let lengths = |overlong, pieces: &[&[u8]]| cut(overlong, pieces).iter().map(String::len).collect::<Vec<_>>();
        let pieces: [&[u8]; 3] = [&long[..70], &long[70..], b"\nab"];
        assert_eq!(lengths(Overlong::Split, &pieces), [LONGEST_LINE, LONGEST_LINE, 5, 2]);
        assert_eq!(lengths(Overlong::Drop, &pieces), [LONGEST_LINE, 2]);
        // exactly at the limit there is one line
        assert_eq!(lengths(Overlong::Split, &[&long[..LONGEST_LINE], b"\n"]), [LONGEST_LINE]);
    }
}
