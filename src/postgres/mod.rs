//! PostgreSQL: templates, the agents' databases cloned from them, and their isolation.

mod server;

pub use server::{DatabaseCredentials, Server};
