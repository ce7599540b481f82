//! The servers that all agents of a home share: postgres, s3, browser, mail.
//!
//! Infra belongs to the home, not to a project. What is decided at the first [`ensure`] (engine, ports,
//! service user, binaries, passwords, durability) is kept in `infra/record.json`; a later wish that differs is
//! reported as drift and changes nothing, until `teardown --infra` opens the decision again. Only additions
//! are taken at once: a service that the record has as disabled is started for the project that wants it,
//! since that disturbs nobody.
//!
//! The native engine is no second supervisor: its servers are one more stack, `infra`, run by the same
//! supervisor as an agent's processes. This module decides what that stack is, prepares its directories, and
//! waits for readiness with probes of its own (SQL, HTTP), so that a start is not slowed to the period of
//! somebody else's health check.
//!
//! Invariants: a second `ensure` of a running infra starts, stops and writes nothing; two at once are
//! serialised by `infra/lock`; nothing that harness did not start is stopped; every server listens on
//! loopback only.

mod answers;
pub mod compose;
mod credentials;
mod dispatch;
pub mod docker;
mod docker_record;
mod drift;
mod ensure;
mod error;
mod hosting;
mod installed;
mod lost_cluster;
mod native;
mod observation;
mod open;
mod ports;
mod processes;
mod record;
mod resolve_record;
mod s3_keys;
mod servers;
mod status;
mod teardown;
#[cfg(test)]
mod testing;

pub use crate::report::Engine;
pub use credentials::Credentials;
pub use docker_record::DockerRecord;
pub use drift::of as drift;
pub use ensure::{ensure, resume};
pub use error::{Error, Result};
pub use hosting::Hosting;
pub use installed::installed_postgres;
pub use lost_cluster::LostCluster;
pub use open::{Infra, open};
pub use ports::free_block;
pub use record::InfraRecord;
pub use servers::browser::{Browser, BrowserRecord};
pub use servers::list::{Hostings, Servers, Service};
pub use servers::mail::{Mail, MailRecord};
pub use servers::postgres::{BinariesRecord, PostgresRecord};
pub use servers::s3::S3Record;
pub use status::status;
pub use teardown::{TeardownReport, teardown};
