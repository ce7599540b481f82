//! Faults, one test for each row of FAULTS.md, named by the row's id: against the real binary, real
//! processes and real databases.

mod app;
mod d15_ownership;
mod d1_killed_builds;
mod d2_d4_builds;
mod d3_sessions;
mod d6_isolation;
mod p01_stop;
#[allow(dead_code)] // a toolbox
mod stack;
