//! What tests are made of: a machine of one's own, projects on it, the real binary, and ways to wait
//! and to look that depend on nothing but the operating system.
//!
//! ```ignore
//! let home = TestHome::new();
//! let project = home.project("shop").application("api").write();
//! project.harness(["launch", "3"]).run().succeeds();
//! assert_eq!(get(project.port("api", 3), "/health").status, 200);
//! // dropping the home tears everything down and fails the test when something is left
//! ```
//!
//! Every test has its own home, infra ports, compose project and port range, so all of them run side by
//! side with each other and with a developer's own stacks. Nothing here sleeps for a fixed time in the
//! hope that something has happened: [`wait_for`] asks until it is so, and says what it last saw when it
//! is not.

mod application;
mod command;
mod embedded;
mod example;
mod home;
mod http;
mod load;
mod ports;
mod postgres;
mod processes;
mod project;
mod redis;
mod reexec;
mod servers;
mod template;
mod terminal;
mod wait;

pub(crate) use application::{APPLICATION, python};
pub(crate) use command::{HarnessCommand, Outcome, Running};
pub(crate) use embedded::{MailServer, S3Server};
pub(crate) use home::TestHome;
pub(crate) use http::{Answer, get, post, send, try_get};
pub(crate) use load::Load;
pub(crate) use ports::PortBlock;
pub(crate) use postgres::{TestPostgres, block_on, postgres_programs, try_sql};
pub(crate) use processes::{Decoy, is_alive, listener, marked, mentioning};
pub(crate) use project::{ProjectBuilder, TestProject};
pub(crate) use redis::redis;
pub(crate) use servers::{keys, mail_to, psql, s3_client};
pub(crate) use template::{TestTemplate, agent, explain};
pub(crate) use terminal::Terminal;
pub(crate) use wait::{LONG, SHORT, until, wait_for, wait_until};
