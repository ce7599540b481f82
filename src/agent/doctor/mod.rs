//! `doctor`: what is installed, what is wrong with this machine, and what to do about it.
//!
//! It looks and changes nothing but for one probe file, which it removes. Nothing is guessed: a tool is
//! asked for its version, a copy-on-write clone is tried, a port is bound.

mod examine;
mod machine;
mod servers;
mod state;
mod tools;

pub use examine::doctor;
