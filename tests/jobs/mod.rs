//! Tickets, the queue and its workers.

mod github;
mod hub;
mod pulls;
mod queue;
mod rehearse;
mod scene;
mod work;
mod work_faults;
