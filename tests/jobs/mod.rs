//! Tickets, the queue and its workers.

mod github;
mod hub;
mod pulls;
mod queue;
mod rehearse;
pub(crate) mod scene;
mod work;
mod work_faults;
