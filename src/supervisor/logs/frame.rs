//! Lines out of bytes.

use std::collections::VecDeque;

use crate::report::LoggedLine;
pub use crate::report::Stream;
use crate::system::text::{LONGEST_LINE, Lines, Overlong};

/// A line of a process's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When its first byte was read.
    pub time: jiff::Timestamp,
    /// The process.
    pub process: String,
    /// The stream.
    pub stream: Stream,
    /// Its bytes as they came, without the line's end. Not necessarily UTF-8.
    pub bytes: Vec<u8>,
    /// It was longer than 64 KiB: the next line of this stream goes on with it.
    pub continued: bool,
}

/// A line before it is known whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawLine {
    pub(super) time_us: u64,
    pub(super) stream: Stream,
    pub(super) bytes: Vec<u8>,
    pub(super) continued: bool,
}

impl LogLine {
    pub(super) fn from_raw(line: RawLine, process: &str) -> Self {
        let RawLine { time_us, stream, bytes, continued } = line;
        let time = i64::try_from(time_us).ok().and_then(|time| jiff::Timestamp::from_microsecond(time).ok());
        Self { time: time.unwrap_or_default(), process: process.to_owned(), stream, bytes, continued }
    }
}

impl From<&LogLine> for LoggedLine {
    fn from(line: &LogLine) -> Self {
        Self {
            schema: "harness/logs-line/1".to_owned(),
            time: line.time.to_string(),
            process: line.process.clone(),
            stream: line.stream,
            line: String::from_utf8_lossy(&line.bytes).into_owned(),
            continued: line.continued,
        }
    }
}

/// Joins stretches of output to lines, each stream for itself.
#[derive(Debug)]
pub(super) struct Framer {
    open: [Open; 2],
    pub(super) ready: VecDeque<RawLine>,
}

/// A line that has begun.
#[derive(Debug)]
struct Open {
    lines: Lines,
    began_us: u64,
}

impl Default for Framer {
    fn default() -> Self {
        let open = || Open { lines: Lines::new(LONGEST_LINE, Overlong::Split), began_us: 0 };
        Self { open: [open(), open()], ready: VecDeque::new() }
    }
}

impl Framer {
    /// Takes a stretch.
    pub(super) fn push(&mut self, time_us: u64, stream: Stream, bytes: &[u8]) {
        let Open { lines, began_us } = &mut self.open[usize::from(stream == Stream::Stderr)];
        if lines.partial().is_empty() {
            *began_us = time_us;
        }
        lines.push(bytes, |line, continued| {
            self.ready.push_back(finish(*began_us, stream, line.to_vec(), continued));
            *began_us = time_us;
        });
    }

    /// Gives up waiting for the end of lines that have begun.
    pub(super) fn flush(&mut self) {
        for (stream, Open { lines, began_us }) in [Stream::Stdout, Stream::Stderr].into_iter().zip(&mut self.open) {
            lines.finish(|line| self.ready.push_back(finish(*began_us, stream, line.to_vec(), false)));
        }
    }
}

fn finish(time_us: u64, stream: Stream, mut bytes: Vec<u8>, continued: bool) -> RawLine {
    if !continued && bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    RawLine { time_us, stream, bytes, continued }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(stretches: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let mut framer = Framer::default();
        for (time, stretch) in stretches.iter().enumerate() {
            framer.push(time as u64, Stream::Stdout, stretch);
        }
        framer.flush();
        framer.ready.into_iter().map(|line| (line.bytes, line.continued)).collect()
    }

    #[test]
    fn lines_end_at_newlines_wherever_reads_end() {
        let whole = |text: &[u8]| (text.to_vec(), false);
        assert_eq!(lines(&[b"a", b"b\nc\r\n", b"\n", b"end"]), [whole(b"ab"), whole(b"c"), whole(b""), whole(b"end")]);
    }

    #[test]
    fn streams_do_not_break_each_others_lines() {
        let mut framer = Framer::default();
        framer.push(1, Stream::Stdout, b"half ");
        framer.push(2, Stream::Stderr, b"error\n");
        framer.push(3, Stream::Stdout, b"whole\n");
        let ready: Vec<_> = framer.ready.iter().map(|line| (line.time_us, line.bytes.as_slice())).collect();
        assert_eq!(ready, [(2, b"error".as_slice()), (1, b"half whole")]);
    }

    #[test]
    fn an_overlong_line_is_cut_and_marked() {
        let long = vec![b'x'; 2 * LONGEST_LINE + 5];
        let cut = lines(&[&long[..100], &long[100..], b"\nnext\n"]);
        let shape: Vec<_> = cut.iter().map(|(line, continued)| (line.len(), *continued)).collect();
        assert_eq!(shape, [(LONGEST_LINE, true), (LONGEST_LINE, true), (5, false), (4, false)]);
        // exactly at the limit nothing is cut
        assert_eq!(lines(&[&long[..LONGEST_LINE], b"\n"]), [(long[..LONGEST_LINE].to_vec(), false)]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(stretches in prop::collection::vec(prop::collection::vec(any::<u8>().prop_map(|byte| byte % 16 + 5), 0..300), 0..20)) {
            // bytes 5..=20 hold `\n` and `\r`
            let refs: Vec<&[u8]> = stretches.iter().map(Vec::as_slice).collect();
            let all = stretches.concat();
            let expected: Vec<Vec<u8>> = all.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect();
            let mut found: Vec<Vec<u8>> = lines(&refs).into_iter().map(|(line, _)| line).collect();
            if all.last().is_none_or(|byte| *byte == b'\n') {
                found.push(Vec::new());
            }
            prop_assert_eq!(found, expected);
        }
    }
}
