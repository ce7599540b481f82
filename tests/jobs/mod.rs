//! Tickets, the queue and its workers.

mod github;
mod hub;
mod queue;
mod rehearse;
