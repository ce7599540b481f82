//! `teardown`: everything of an agent goes, is proven gone, and what is left is named.
//!
//! The record says what to remove; the server's comments, the home's registry and the environment
//! marker say what else of ours exists, so that a crashed agent leaks nothing. What only *looks* ours
//! is reported as foreign and left alone.

mod many;
mod one;
mod survey;

pub use many::{TeardownOptions, TeardownTarget, teardown};
pub(super) use one::undo;
pub(super) use survey::strays;
