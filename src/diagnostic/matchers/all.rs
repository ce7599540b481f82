//! The list of all matchers, in the order in which they see a line.

use regex::Regex;

use super::matcher::Matcher;
use super::{
    boxed, bundler, custom, eslint, format, go, jest, make, pytest, rust, shape, shell, stack, tap, traceback, tsc,
    vitest,
};

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
    all.push(Box::<tap::Tap>::default());
    all.push(Box::<rust::Rust>::default());
    all.push(Box::<go::Go>::default());
    all.push(Box::<pytest::Pytest>::default());
    all.push(Box::<traceback::Traceback>::default());
    all.push(Box::<stack::Stack>::default());
    all.push(Box::<format::Format>::default());
    all.push(Box::<shell::Shell>::default());
    all.push(Box::<make::Make>::default());
    all.push(Box::<shape::Shape>::default());
    all
}
