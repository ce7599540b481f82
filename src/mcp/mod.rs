//! `harness mcp`: harness's verbs as tools of the Model Context Protocol, over stdin and stdout.
//!
//! ```text
//! client ── JSON-RPC ── rmcp ── server ── tools/<verb> ── agent, verify
//!                                 │
//!                                 ├ tree      whose stack is meant
//!                                 ├ call      progress, cancellation
//!                                 └ answer    the verb's document, cut where it is long
//! ```
//!
//! A tool is named after its verb and answers with the document that `harness <verb> --json` prints, as structured
//! content and as text. There is no tool for what the agents' guide forbids an agent: `teardown`, `setup`, `--all`,
//! `--force`, `--infra`.
//!
//! Invariants:
//! - Stdout carries the protocol and nothing else: what the process or its children print by mistake goes to stderr,
//!   and no child reads the client's bytes.
//! - Everything runs on one thread. A call never blocks it, and calls run beside each other.
//! - Cancelling a call, closing stdin and a signal are one Ctrl-C for a launch and for verify; every other call is
//!   dropped, as a signal ends its verb.

mod answer;
mod call;
mod progress;
mod serve;
mod server;
mod stdio;
mod tools;
mod transport;
mod tree;

pub use serve::serve;
