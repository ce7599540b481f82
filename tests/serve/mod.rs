//! `harness serve` as browsers and programs meet it: over TCP, with its token and without.

mod access;
mod agents;
mod events;
mod gateway;
mod gateway_tls;
mod pages;
mod server;
mod sessions;
mod tasks;
