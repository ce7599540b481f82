//! Raw tables into resolved ones. Nothing here stops at the first error: a [`Resolver`](resolver::Resolver) collects what is
//! wrong and goes on with a stand-in, and the project is thrown away if anything was.

mod compose_stores;
mod database;
mod infra;
mod processes;
mod resolver;
mod stores;
mod verify;
mod whole;

pub(super) use whole::{Shared, project};
