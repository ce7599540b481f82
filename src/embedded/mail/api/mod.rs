//! mailpit's HTTP API, version 1: the parts that tests use.
//!
//! Paths, parameters and fields are spelled as mailpit documents them, so that an application tested here is
//! tested there too. Where mailpit would delete everything because a request is malformed, this refuses.

mod answer;
mod find;
mod info;
mod listing;
mod message;
mod messages;
mod routes;
mod search;

pub(super) use answer::Refusal;
pub(super) use find::find;
pub(super) use message::{Among, look_up};
pub(super) use routes::routes;
