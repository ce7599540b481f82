//! What is answered under which path: one table, from which the router and the `OpenAPI` document are made.

pub(super) mod agents;
pub(super) mod databases;
mod events;
pub(super) mod jobs;
pub(super) mod logs;
pub(super) mod machine;
mod openapi;
pub(super) mod projects;
pub(super) mod queue;
mod queue_table;
pub(super) mod route;
mod router;
pub(super) mod sessions;
mod table;
pub(super) mod tasks;
pub(super) mod tickets;
mod worker;

pub(super) use router::routes;
