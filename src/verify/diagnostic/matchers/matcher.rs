//! What a matcher is, and the list of all of them.

use regex::Regex;

use super::{
    Candidate, boxed, bundler, custom, eslint, format, go, jest, pytest, rust, shape, stack, traceback, tsc, vitest,
};

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

/// A fresh set for one stream of output.
pub(in super::super) fn all(custom: Option<&Regex>) -> Vec<Box<dyn Matcher>> {
    let mut all: Vec<Box<dyn Matcher>> = Vec::new();
    if let Some(custom) = custom {
        all.push(Box::new(custom::Custom::new(custom.clone())));
    }
    all.push(Box::<tsc::Tsc>::default());
    all.push(Box::<eslint::Eslint>::default());
    all.push(Box::<boxed::Boxed>::default());
    all.push(Box::<bundler::Bundler>::default());
    all.push(Box::<jest::Jest>::default());
    all.push(Box::<vitest::Vitest>::default());
    all.push(Box::<rust::Rust>::default());
    all.push(Box::<go::Go>::default());
    all.push(Box::<pytest::Pytest>::default());
    all.push(Box::<traceback::Traceback>::default());
    all.push(Box::<stack::Stack>::default());
    all.push(Box::<format::Format>::default());
    all.push(Box::<shape::Shape>::default());
    all
}
