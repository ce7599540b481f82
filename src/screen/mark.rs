//! Marks of harness's own among the bytes of a program.

use super::Size;

const START: &[u8] = b"\x1b_harness:";
const END: &[u8] = b"\x1b\\";

/// Longest mark: its start, a word, two numbers of five digits, its end.
const LONGEST: usize = 48;

/// Something that happened between two bytes of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A new program begins on an empty screen of this size.
    New(Size),
    /// The terminal got this size.
    Resized(Size),
}

impl Mark {
    /// As it stands among the bytes.
    pub fn encode(self) -> Vec<u8> {
        let (word, size) = match self {
            Self::New(size) => ("new", size),
            Self::Resized(size) => ("size", size),
        };
        let text = format!("{word} {}x{}", size.columns, size.rows);
        [START, text.as_bytes(), END].concat()
    }

    fn decode(text: &[u8]) -> Option<Self> {
        let (word, size) = std::str::from_utf8(text).ok()?.split_once(' ')?;
        let (columns, rows) = size.split_once('x')?;
        let size = Size::of(columns.parse().ok()?, rows.parse().ok()?);
        match word {
            "new" => Some(Self::New(size)),
            "size" => Some(Self::Resized(size)),
            _ => None,
        }
    }
}

/// A stretch of what was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Bytes(&'a [u8]),
    Mark(Mark),
}

/// Tells marks from a program's bytes, wherever reads have cut them.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The beginning of what may be a mark.
    held: Vec<u8>,
}

impl Marks {
    pub(super) fn split(&mut self, bytes: &[u8], mut each: impl FnMut(Part<'_>)) {
        if self.held.is_empty() {
            let rest = split(bytes, &mut each);
            self.held.extend_from_slice(rest);
        } else {
            let mut all = std::mem::take(&mut self.held);
            all.extend_from_slice(bytes);
            let rest = split(&all, &mut each).to_vec();
            self.held = rest;
        }
    }
}

/// Returns what is not decided yet.
fn split<'a>(bytes: &'a [u8], each: &mut impl FnMut(Part<'_>)) -> &'a [u8] {
    let mut pass = |bytes: &[u8]| {
        if !bytes.is_empty() {
            each(Part::Bytes(bytes));
        }
    };
    let Some(at) = memchr::memmem::find(bytes, START) else {
        let open = (1..START.len().min(bytes.len() + 1)).rev().find(|length| bytes.ends_with(&START[..*length]));
        let (done, rest) = bytes.split_at(bytes.len() - open.unwrap_or(0));
        pass(done);
        return rest;
    };
    pass(&bytes[..at]);
    let inside = &bytes[at + START.len()..];
    match memchr::memmem::find(&inside[..inside.len().min(LONGEST)], END) {
        Some(end) => {
            if let Some(mark) = Mark::decode(&inside[..end]) {
                each(Part::Mark(mark));
            }
            split(&inside[end + END.len()..], each)
        }
        None if inside.len() < LONGEST => &bytes[at..],
        None => {
            pass(&bytes[at..at + START.len()]);
            split(inside, each)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(chunks: &[&[u8]]) -> (Vec<u8>, Vec<Mark>) {
        let (mut marks, mut text, mut found) = (Marks::default(), Vec::new(), Vec::new());
        for chunk in chunks {
            marks.split(chunk, |part| match part {
                Part::Bytes(bytes) => text.extend_from_slice(bytes),
                Part::Mark(mark) => found.push(mark),
            });
        }
        (text, found)
    }

    #[test]
    fn a_mark_is_found_wherever_it_is_cut() {
        let mark = Mark::Resized(Size::of(100, 30));
        let whole = [b"one\x1b[1m".as_slice(), &mark.encode(), b"two"].concat();
        for at in 0..whole.len() {
            let (text, marks) = parts(&[&whole[..at], &whole[at..]]);
            assert_eq!((text.as_slice(), marks.as_slice()), (b"one\x1b[1mtwo".as_slice(), [mark].as_slice()), "{at}");
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_passes() {
        let endless = [START, &[b'x'; 100]].concat();
        assert_eq!(parts(&[&endless]), (endless.clone(), Vec::new()));
        let huge = Mark::decode(b"size 60000x60000").unwrap();
        assert_eq!(huge, Mark::Resized(Size { columns: 500, rows: 300 }));
    }
}
