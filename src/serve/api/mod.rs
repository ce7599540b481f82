//! What is answered under which path: one table, from which the router and the `OpenAPI` document are made.
//!
//! A terminal's route (`/ws/sessions/{id}`) and whatever else is to come is one more row of `table`.

mod agents;
mod databases;
mod events;
mod jobs;
mod logs;
mod machine;
mod openapi;
mod route;
mod router;
mod table;
mod tasks;

pub(super) use router::router;
