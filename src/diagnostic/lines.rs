//! Lines of a log file, as text without terminal escapes, each cut to a length that a diagnostic may have.

use std::borrow::Cow;
use std::io::Read;

use crate::system::text::{Lines, Overlong, plain, text_of};

/// The rest of a longer line is passed over.
const LIMIT: usize = 8 * 1024;

/// After so many equal lines in a row the next ones say nothing new.
const REPEATED: usize = 8;

/// Calls `on_line` for each line until it says that it has seen enough; of a line that is repeated again and
/// again only for the first few. Never holds more than two lines.
pub(super) fn each_line(mut reader: impl Read, mut on_line: impl FnMut(&str) -> bool) -> std::io::Result<()> {
    let mut chunk = vec![0; 256 * 1024];
    let mut lines = Lines::new(LIMIT, Overlong::Drop);
    let mut more = true;
    let (mut former, mut repeated) = (Vec::with_capacity(LIMIT), 0_usize);
    while more {
        let read = reader.read(&mut chunk)?;
        if read == 0 {
            lines.finish(|line| {
                on_line(&text(line));
            });
            return Ok(());
        }
        lines.push(&chunk[..read], |line, _| {
            if line == former {
                repeated += 1;
            } else {
                repeated = 0;
                former.clear();
                former.extend_from_slice(line);
            }
            if repeated < REPEATED {
                more = more && on_line(&text(line));
            }
        });
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    let text = text_of(bytes);
    if text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') { plain(&text).into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut seen = Vec::new();
        each_line(bytes, |line| {
            seen.push(line.to_owned());
            true
        })
        .unwrap();
        seen
    }

    #[test]
    fn lines_are_text_whatever_the_bytes() {
        assert_eq!(lines(b"a\r\n\x1b[31mred\x1b[0m\0\n\xff\nlast"), ["a", "red", "\u{fffd}", "last"]);
    }

    #[test]
    fn a_line_of_any_length_is_one_cut_line() {
        let mut bytes = vec![b'x'; 3_000_000];
        bytes.extend(b"\nnext\n");
        let seen = lines(&bytes);
        assert_eq!((seen[0].len(), seen[1].as_str(), seen.len()), (LIMIT, "next", 2));
    }

    #[test]
    fn a_line_that_is_repeated_is_read_a_few_times() {
        let seen = lines(&[&b"same\n".repeat(1000)[..], b"other\nsame\n"].concat());
        assert_eq!(seen.len(), REPEATED + 2);
    }

    #[test]
    fn reading_ends_when_enough_was_seen() {
        let mut count = 0;
        each_line(&b"1\n2\n3\n"[..], |_| {
            count += 1;
            count < 2
        })
        .unwrap();
        assert_eq!(count, 2);
    }
}
