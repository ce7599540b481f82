//! FAULTS.md: each row is a test whose name begins with the row's id. Those of processes (P) drive the
//! supervisor itself, those of the lifecycle (L) the command line.

mod app;
#[allow(dead_code)] // a toolbox
mod stack;

mod lifecycle;
mod p01_stop;
