//! What comes back after a reboot: `enable` and `disable` write systemd units, and what the units call.
//!
//! ```text
//! enable   writes the units, or takes them away       unit: their texts; place: whose they are, and where
//! chosen   which agents of the home: `boot.json`
//! up, down what the units call: bring back what is not up, and stop all in order
//! ```
//!
//! A unit knows no agent: it calls `harness enable --up`, which asks the home. So an agent that is launched or removed
//! later needs no other unit, and a machine without systemd (a container, another init) calls the same.
//!
//! Invariants:
//! - A stack that is up is left as it is, whatever its state: `--up` only brings back what is gone.
//! - An agent comes back with the environment that it was launched with, not with that of the unit.
//! - Servers stop after stacks. Nothing of an agent is removed by a stop.
//! - A unit that harness did not write is neither replaced nor removed.

mod chosen;
mod down;
mod enable;
mod error;
mod place;
mod unit;
mod up;

pub use down::down;
pub use enable::{EnableOptions, disable, enable};
pub use up::up;
