//! `harness serve` as browsers and programs meet it: over TCP, with its token and without.

mod access;
mod agents;
mod chromium;
mod day;
mod detached;
mod events;
mod gateway;
mod gateway_tls;
mod load;
mod metrics;
mod notify;
mod pages;
pub(crate) mod server;
mod sessions;
mod tasks;
mod terminal;
