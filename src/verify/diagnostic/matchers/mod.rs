//! How each tool names a place. A matcher is a state machine over lines; it holds a few lines at most.

mod boxed;
mod bundler;
mod custom;
mod eslint;
mod format;
mod go;
mod jest;
mod matcher;
mod pytest;
mod rust;
mod shape;
mod stack;
mod traceback;
mod tsc;
mod vitest;

use matcher::{Emit, names_a_line};
pub(super) use matcher::{Matcher, all};

use super::candidate::{Candidate, Rank, rank_of};
