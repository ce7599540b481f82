//! Changes of files that belong to others, as text: what is not ours stays byte for byte.
//!
//! JSON is changed in its syntax tree. Formats with comments get a block between two marks, which is taken out as it was
//! put in.

mod apply;
mod block;
mod json;
mod kinds;
mod problem;
mod toml;
mod yaml;

pub(super) use apply::{add, is_ours_alone, take};
pub(super) use kinds::{At, Edit, Section};
pub(super) use problem::Problem;
