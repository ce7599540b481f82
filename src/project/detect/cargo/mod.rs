//! Rust: the programs of a workspace, and the servers that they speak to.

pub(super) mod clients;
mod ports;
pub(super) mod programs;
