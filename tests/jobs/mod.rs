//! Tickets, the queue and its workers.

mod queue;
mod rehearse;
