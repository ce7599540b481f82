//! The servers that all agents of a home share: postgres, s3, mail, browser.
//!
//! Infra belongs to the home, not to a project. What is decided at the first [`ensure()`] (engine, ports, service user,
//! programs, passwords, durability) is kept in `infra/record.json`; a later configuration that differs is reported as
//! drift and changes nothing, until `teardown --infra` opens the decision again. Only additions are made at once: a
//! server that the record has as disabled is started for the project that wants it, since no other project notices.
//!
//! ```text
//! servers            what each server states of itself; the list of them
//! record             what was decided; resolve_record: decides it; drift: what a project configures otherwise
//! ensure, teardown   bring all up, take all down; answers: waits until they answer
//! open               how they are reached, without starting any; status, port_owner: what they do
//! dispatch           passes each activity to the engine:
//! native               processes of this machine, one more stack of the same supervisor as an agent's
//! docker               containers; compose: the file that describes them
//! ```
//!
//! A server that accepts connections and does not answer is `frozen`: every use of one has a limit, `status` names it,
//! and it is restarted like an unhealthy one. Both engines ask the same question at the same intervals
//! ([`servers::liveness`]): the supervisor as a liveness probe, `autoheal` for containers.
//!
//! Invariants: a second `ensure` of a running infra starts, stops and writes nothing; two at once are serialised by
//! `infra/lock`; nothing that harness did not start is stopped; every server listens on loopback only.

mod answers;
mod asked_engine;
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
mod lost_record;
mod native;
mod observation;
mod open;
mod port_owner;
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
pub use asked_engine::remember_engine;
pub use credentials::Credentials;
pub use docker_record::DockerRecord;
pub use drift::of as drift;
pub use ensure::{ensure, resume};
pub use error::{Error, Result};
pub use hosting::Hosting;
pub use installed::installed_postgres;
pub use lost_cluster::LostCluster;
pub use open::{Infra, open};
pub use port_owner::{PortOwner, PortOwners};
pub use ports::free_block;
pub use record::InfraRecord;
pub use servers::browser::{Browser, BrowserRecord};
pub use servers::list::{Hostings, Servers};
pub use servers::mail::{Mail, MailRecord};
pub use servers::postgres::{BinariesRecord, PostgresRecord};
pub use servers::s3::S3Record;
pub use servers::server::ValuesRequest;
pub use status::status;
pub use teardown::{TeardownReport, removable, stop, teardown};
