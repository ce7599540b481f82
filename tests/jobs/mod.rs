//! Tickets, the queue and its workers.

mod github;
mod hub;
mod plane;
mod pulls;
mod queue;
mod rehearse;
mod reviews;
pub(crate) mod scene;
mod shared;
mod shared_tls;
mod two_machines;
mod under_fire;
mod work;
mod work_faults;
