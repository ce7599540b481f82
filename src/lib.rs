//! harness gives each coding agent its own complete, running, isolated copy of an application.
//!
//! This is the map. Arrows point down; the few along one line have their reason in `tests/house.rs`, which
//! reads the `use crate::` lines and fails on any other.
//!
//! ```text
//! cli ──────────────► terminal
//!  ▼
//! backup
//!  ▼
//! mcp, hosts, serve
//!  ▼
//! jobs
//!  ▼
//! verify ───────────► agent
//!  ▼
//! infra, stores
//!  ▼
//! postgres, bucket, render, embedded, supervisor
//!  ▼
//! project, screen, diagnostic
//!  ▼
//! report
//!  ▼
//! system
//! ```
//!
//! A command runs through it like this: [`main`] hands the hidden commands to their small processes and everything else to
//! [`cli`]; a file of `cli` calls one function of `agent`, `infra` or [`verify`]; that returns a document of [`report`], which
//! `cli` prints through `terminal`.
//!
//! | to change | look in |
//! |---|---|
//! | a command's options, help and output | `cli/<verb>.rs` |
//! | the JSON of a command, states, exit codes | `report` |
//! | tables, colours, progress | `terminal` |
//! | a tool that coding agents call over MCP | `mcp/tools/<tool>.rs` |
//! | what `harness serve` answers | `serve/api/table.rs` |
//! | the gateway: names, what it passes on, its pages, TLS | `serve/gateway` |
//! | the server in the background | `serve/detached.rs` |
//! | what a backup holds, and how it is restored | `backup` |
//! | a figure of `/metrics` | `serve/metrics` |
//! | what a webhook or a chat is sent, and when | `serve/notify` |
//! | a page of the dashboard, its style and script | `serve/pages/<page>.rs`, `serve/pages/assets` |
//! | what may become of a ticket and of a job | `jobs/machine` |
//! | the queue: leases, fences, attempts | `serve/store/queue/rules.rs` |
//! | tickets from issues of GitHub | `serve/sources/github` |
//! | how work of several agents is tried together | `jobs/rehearse` |
//! | what a worker does with a job, step by step | `jobs/work/job.rs` |
//! | how a coding agent's program is started by a worker | `jobs/work/program.rs` |
//! | a program that starts agents: its file, its events | `hosts/<program>.rs` |
//! | what launch does, and in which order | `agent/launch` |
//! | what an agent owns, and so what teardown, its dry run and `gc` remove | `agent/belongings` |
//! | in which order teardown works, and what holds it up | `agent/teardown` |
//! | work trees: created, populated, removed | `agent/worktree` |
//! | what `status`, `ports`, `doctor`, `gc` find | `agent/<verb>.rs` |
//! | what comes back after a reboot, and the systemd units | `agent/boot` |
//! | stages of verify | `verify` |
//! | the first error in a tool's output | `diagnostic/matchers/<tool>.rs` |
//! | signed evidence: what it says, how it is checked | `verify/evidence` |
//! | what the commit hook judges | `verify/hook.rs`, `verify/status.rs` |
//! | a shared server: its settings, readiness, status | `infra/servers` |
//! | how a frozen server is noticed | `infra/servers/liveness.rs` |
//! | how containers are created and restarted | `infra/docker`, `infra/docker/autoheal` |
//! | how native servers are started | `infra/native` |
//! | templates, clones, snapshots of databases | `postgres` |
//! | how a database is copied, and by which strategy | `postgres/copy.rs` |
//! | stores: their programs, data, templates, snapshots | `stores` |
//! | who may connect to a database | `postgres/roles.rs`, `postgres/ownership.rs` |
//! | S3 buckets and their keys | `bucket` |
//! | the built-in S3 and mail servers | `embedded` |
//! | environment, env file, guide | `render` |
//! | what templates see of a server | `infra/servers/<server>` |
//! | when a process is started, restarted and given up | `supervisor/machine` |
//! | probes, signals, processes | `supervisor/run` |
//! | how a log line is written, and its time | `supervisor/logs/writer.rs` |
//! | what a program on a terminal shows, and how it is drawn | `screen` |
//! | sessions: started, kept, joined | `supervisor/run/sessions.rs`, `agent/sessions/`, `screen/` |
//! | what survives the death of a supervisor | `supervisor/guardian` |
//! | how a command in a sandbox reaches the application and the database | `supervisor/passage.rs`, `agent/http.rs` |
//! | ports that are written in an application's source | `system/loopback_map`, `supervisor/guardian` |
//! | keys of `harness.toml` and their errors | `project` |
//! | which shared servers there are, and their ports | `project/model/service.rs` |
//! | which port an agent gets | `project/port_plan.rs` |
//! | who listens on a port, for `ports` and `doctor` | `infra/port_owner.rs` |
//! | how a dotenv file is read | `project/dotenv.rs` |
//! | what `harness init` recognises | `project/detect` |
//! | files, locks, git, processes and ports of the machine | `system` |
//!
//! Modules that only harness itself uses are private, so that the compiler finds code that nothing uses. The public ones
//! are those that the tests in `tests/` call.
//!
//! [`main`]: cli::main

// `pub` in a private module marks the interface of its folder
#[allow(unreachable_pub)]
mod agent;
#[allow(unreachable_pub)]
mod backup;
pub mod bucket;
pub mod cli;
#[allow(unreachable_pub)]
mod diagnostic;
#[allow(unreachable_pub)]
mod embedded;
mod hidden;
#[allow(unreachable_pub)]
mod hosts;
pub mod infra;
#[allow(unreachable_pub)]
mod jobs;
#[allow(unreachable_pub)]
mod mcp;
pub mod postgres;
pub mod project;
#[allow(unreachable_pub)]
mod render;
pub mod report;
pub mod screen;
#[allow(unreachable_pub)]
mod serve;
#[allow(unreachable_pub)]
mod stores;
pub mod supervisor;
pub mod system;
#[allow(unreachable_pub)]
mod terminal;
pub mod verify;

pub use hidden::hidden_command;
