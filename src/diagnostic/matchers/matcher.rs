//! What a matcher is.

use super::super::candidate::Candidate;

/// Takes candidates.
pub(super) type Emit<'a> = dyn FnMut(Candidate) + 'a;

/// One tool, or one family of tools that print alike.
pub(in super::super) trait Matcher {
    /// Takes a line without its end, without terminal escapes.
    fn line(&mut self, line: &str, emit: &mut Emit<'_>);
    /// The output is over.
    fn end(&mut self, _emit: &mut Emit<'_>) {}
}

/// Whether there is a `:7` in it, as in almost every place. Most lines have none, and are done with.
pub(super) fn names_a_line(line: &str) -> bool {
    let bytes = line.as_bytes();
    memchr::memchr_iter(b':', bytes).any(|colon| bytes.get(colon + 1).is_some_and(u8::is_ascii_digit))
}
