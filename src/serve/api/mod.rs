//! What is answered under which path: one table, from which the router and the `OpenAPI` document are made.
//!
//! A terminal's route (`/ws/sessions/{id}`) and whatever else is to come is one more row of `table`.

pub(super) mod agents;
pub(super) mod databases;
mod events;
pub(super) mod jobs;
pub(super) mod logs;
pub(super) mod machine;
mod openapi;
pub(super) mod route;
mod router;
mod table;
pub(super) mod tasks;

pub(super) use router::routes;
