//! Spares: clones that are made before they are wanted. A launch takes one over by two renames, whatever its size.
//!
//! A spare is a pair of database and role, `spare_<12 hex of the template>_<n>`. The role owns the database and all that is
//! in it, and cannot log in; the database takes no connections. It is copied as `<name>_building` and renamed when it is
//! complete, so the name is the completeness marker, as it is with templates.
//!
//! `hand_out` gives a new agent the whole pair: names, password, privileges, marks and connections are set in one
//! transaction. Whoever is killed, the pair is a spare or the agent's, and of two launches that want the same one the
//! second finds that there is no database of this name, and takes the next. `adopt` is for an agent that keeps its role
//! (`db reset`, `launch --reset-db`), because snapshots and other databases belong to it: only the database changes
//! hands, and its objects with it. That costs time by the number of tables, but nothing is copied.
//!
//! # Who makes them
//!
//! `refill`, in a process that a launch starts when it has ended ([`super::background`]). Nothing is lost with one that is
//! killed: the next sweeps what is unfinished.
//!
//! One at a time fills the spares of a template (`Key`). One that finds the lock taken ends: the holder
//! counts again after it has given the lock back, so a spare that was handed out meanwhile is replaced.
//!
//! Where the work is done is the server's process, so that one lowers its own priority (`room`).
//!
//! # How many
//!
//! `[database] spares` for the template of the last launch. Those of another template of the project stay while an agent's
//! database comes from it; those of a template that is gone go, whosever it was. One takes at most a tenth of
//! what is free on the disk; where less than 1 GiB is free, there are none at all.
//!
//! None on external servers: harness cannot see their disk, and whoever lends a server has not agreed to copies that nobody
//! asked for.

mod hand_out;
mod list;
mod refill;
mod room;
mod sweep;

pub(super) use hand_out::{adopt, hand_out};
pub(super) use list::count;
pub use refill::{obstacle, refill};
pub(super) use sweep::sweep_orphans;
pub use sweep::{leftovers, sweep};
