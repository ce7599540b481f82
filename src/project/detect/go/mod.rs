//! Go: programs, their ports, what they embed and generate.

pub(super) mod clients;
pub(super) mod embed;
pub(super) mod generated;
pub(super) mod ports;
pub(super) mod programs;
