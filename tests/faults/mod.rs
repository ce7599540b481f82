//! Faults of processes (FAULTS.md, P1 to P26), each against the real binary and real processes.

mod app;
#[allow(dead_code)] // a toolbox
mod stack;

mod p01_stop;
