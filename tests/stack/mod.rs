//! Real servers, real databases, real processes.

mod postgres_clone;
mod verify_bench;
mod verify_faults;
mod verify_hook;
mod verify_run;
mod verify_tools;
mod verify_tree;
