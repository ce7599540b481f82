//! The loopback map: `[network] map`.

mod calls;
mod commands;
mod copies;
mod refusals;
