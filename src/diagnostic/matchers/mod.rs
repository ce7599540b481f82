//! How each tool names a place. A matcher is a state machine over lines; it holds a few lines at most.

mod all;
mod boxed;
mod bundler;
mod custom;
mod eslint;
mod format;
mod go;
mod jest;
mod make;
mod matcher;
mod pytest;
mod rust;
mod shape;
mod shell;
mod stack;
mod tap;
mod traceback;
mod tsc;
mod vitest;

pub(super) use all::all;
pub(super) use matcher::Matcher;
use matcher::{Emit, names_a_line};

use super::candidate::{Candidate, Rank, rank_of};
