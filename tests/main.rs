//! The integration tests: one binary, so that the dependency tree is linked once.

#![allow(clippy::unwrap_used)] // a test may stop at what it did not expect
#![allow(clippy::print_stdout)] // a test that was skipped says so

mod cli;
mod docker;
mod faults;
mod house;
mod jobs;
mod lightdash;
mod network;
mod serve;
mod shop;
mod stack;
#[allow(dead_code, unused_imports)] // a toolbox: not every tool is in use at every moment
mod support;
