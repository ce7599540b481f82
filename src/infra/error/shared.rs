//! Why the shared servers could not be brought up, asked or taken down.

use std::path::PathBuf;

use super::taken_port::{TakenPort, in_use};
use crate::system::text::count;

/// Result of this layer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Something is wrong with the infra.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, lock or process of the operating system.
    #[error(transparent)]
    System(#[from] crate::system::Error),
    /// The supervisor of the infra stack.
    #[error(transparent)]
    Supervisor(#[from] crate::supervisor::Error),
    /// The PostgreSQL server.
    #[error(transparent)]
    Postgres(#[from] crate::postgres::Error),
    /// The S3 server.
    #[error(transparent)]
    Bucket(#[from] crate::bucket::Error),
    /// The docker engine.
    #[error(transparent)]
    Docker(#[from] super::docker::Error),
    /// Other programs listen on ports of the shared servers.
    #[error("{}", in_use(taken))]
    PortsInUse {
        /// Every port that is in use; at least one.
        taken: Vec<TakenPort>,
    },
    /// The engine cannot be used.
    #[error("engine `{engine}` cannot be used: {reason}")]
    Engine {
        /// Which.
        engine: &'static str,
        /// Why not.
        reason: String,
    },
    /// No PostgreSQL programs of major 15 or newer.
    #[error("no PostgreSQL 15 or newer is available")]
    NoPostgres {
        /// What was looked at, each with the reason why it is not usable.
        rejected: Vec<String>,
    },
    /// The directory that the user names is not one of PostgreSQL.
    #[error("`{}` contains no usable PostgreSQL: {reason}", directory.display())]
    BinDir {
        /// The directory.
        directory: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Extensions that no candidate has.
    #[error("no available PostgreSQL has {}", list(extensions))]
    ExtensionMissing {
        /// The extensions that are missing everywhere, or that no one candidate has together.
        extensions: Vec<String>,
        /// The packages to install.
        packages: Vec<String>,
        /// What was looked at.
        rejected: Vec<String>,
    },
    /// The home's server lacks an extension that this project names.
    #[error("PostgreSQL {version} of this home lacks {}", list(extensions))]
    ServerLacksExtension {
        /// The home's version.
        version: String,
        /// The extensions.
        extensions: Vec<String>,
        /// The packages to install.
        packages: Vec<String>,
    },
    /// The data directory was made by another major version.
    #[error("`{}` was made by PostgreSQL {found}, and PostgreSQL {chosen} cannot read it", data_dir.display())]
    DataVersion {
        /// The data directory.
        data_dir: PathBuf,
        /// Its major version.
        found: String,
        /// Major version of the programs.
        chosen: u32,
    },
    /// Something that is no data directory is in its place.
    #[error("`{}` exists, but is not a data directory of PostgreSQL", data_dir.display())]
    UnknownData {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// PostgreSQL could not be downloaded by any means.
    #[error("cannot download PostgreSQL {version}")]
    Download {
        /// Which version was wanted.
        version: &'static str,
        /// Each means with the reason why it failed.
        attempts: Vec<String>,
    },
    /// A program of the set-up failed.
    #[error("`{program}` failed ({status})")]
    Program {
        /// Which.
        program: String,
        /// Its exit status.
        status: String,
        /// The last lines that it printed.
        tail: Vec<String>,
    },
    /// A server ended or is given up before it was ready.
    #[error("`{service}` did not start: {reason}")]
    ServiceFailed {
        /// Which.
        service: &'static str,
        /// What the supervisor says.
        reason: String,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// A server refused a request.
    #[error("`{service}` rejected a request: {reason}")]
    Refused {
        /// Which.
        service: &'static str,
        /// What came back.
        reason: String,
    },
    /// A server runs but does not answer.
    #[error("`{service}` is not ready after {seconds} s: {last}")]
    NotReady {
        /// Which.
        service: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// What the last attempt said.
        last: String,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// A server accepts connections and does not answer.
    #[error("`{service}` is frozen: it accepts connections and gave no answer for {seconds} s")]
    Frozen {
        /// Which.
        service: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A URL of an external server.
    #[error("`url` of `[infra.{service}]` is not usable: {reason}")]
    Url {
        /// `postgres`, `s3`, `mail` or `browser`.
        service: &'static str,
        /// What is wrong with it; never the URL itself, which may hold a password.
        reason: String,
    },
    /// A server setting that harness itself decides.
    #[error("`{name}` of `[infra.postgres.settings]` cannot be set")]
    ReservedSetting {
        /// Which.
        name: String,
    },
    /// The record is lost, and the data that only it can open is there.
    #[error("`{}` is lost, and without it {} cannot be opened", record.display(), data.join(", "))]
    RecordLost {
        /// Where it was.
        record: PathBuf,
        /// The data.
        data: Vec<String>,
    },
    /// Processes that survived SIGKILL.
    #[error("cannot stop {} of the shared servers", count(survivors.len(), "process"))]
    Survivors {
        /// Each with pid, command and ports.
        survivors: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let noun = if names.len() == 1 { "extension" } else { "extensions" };
    format!("{noun} {}", quoted.join(", "))
}
