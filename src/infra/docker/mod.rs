//! The docker engine: the shared servers as containers, through the Engine API.
//!
//! ```text
//! variables      what the home's record says, as the file's variables
//! added          a user's own compose file beside it
//! wanted         all of it together
//! connect        which engine; names: names and labels; image: pulls
//! observed       what is there
//! plan           what has to be done: a function of wanted and observed
//! apply      doing it; resources: network and volumes
//! forward        how the browser reaches applications on loopback
//! autoheal       restarts what needs it while no command runs; process: how both of them run
//! bring_up, take_down, status, wait, logs, exec, stats, resolved
//! task           containers that do one thing and end
//! store          a container as a process of an agent's stack
//! ```
//!
//! Names and labels are those of docker compose, so that `docker compose -p agent-infra ps|logs|down` works, and
//! `up` with the file that the home holds finds nothing to do.
//!
//! Invariants: what does not carry the label `harness.home` with this home's id is never touched, and is an error
//! where it has a name that is needed; nothing is made before every image is there; volumes outlive their containers;
//! a second `setup` changes nothing.

pub mod autoheal;
pub mod forward;
pub mod store;

mod added;
mod apply;
mod bring_up;
mod choose;
mod connect;
mod container;
mod exec;
mod image;
mod logs;
mod names;
mod observed;
mod plan;
mod ports;
mod process;
mod reach;
mod resolved;
mod resources;
mod service_access;
mod stats;
mod status;
mod take_down;
mod task;
mod variables;
mod wait;
mod wanted;

pub use super::error::ImageProblem;
pub use super::error::docker::{Error, Result};
pub(super) use added::read_added;
pub(super) use bring_up::bring_up;
pub(super) use choose::{available, decide, default_images};
pub use connect::{Address, find as find_engine};
pub use exec::ExecRequest;
pub use logs::LogRange;
pub(super) use ports::check_ports;
pub use reach::{bridge, browser_reaches_host};
pub use resolved::{pull, resolved};
pub use service_access::{container_name, exec, follow_logs, memory, read_logs};
pub use stats::Memory;
pub(super) use status::{is_up, not_running, observe};
pub(super) use take_down::{data, of_lost_record, remove_data, remove_of_lost_record, running, take_down};
pub use task::{TaskContainer, TaskEngine, TaskMount, TaskSpec, TaskState};
