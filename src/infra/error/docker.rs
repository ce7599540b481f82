//! Why the docker engine cannot do what is asked.

use crate::report::{Diagnostic, Kind};

use super::image_problem::ImageProblem;
use crate::infra::compose;

/// Something is wrong with the engine, an image or a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the home.
    #[error(transparent)]
    System(#[from] crate::system::Error),
    /// The compose file.
    #[error("the compose file cannot be used")]
    Compose(#[from] compose::Error),
    /// Nothing answers.
    #[error("no Docker engine answers at `{address}` ({origin})")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What named that address.
        origin: String,
        /// Why not.
        source: bollard::errors::Error,
    },
    /// An engine is installed, and has no socket.
    #[error("the Docker daemon is not running: `{program}` is installed, but no socket exists")]
    NotRunning {
        /// The program that was found on PATH.
        program: String,
        /// The sockets that were looked for.
        looked_at: Vec<String>,
    },
    /// No engine's address is known.
    #[error("no Docker engine is installed on this machine")]
    Absent {
        /// The sockets that were looked for.
        looked_at: Vec<String>,
    },
    /// The socket is there, but not for this user.
    #[error("permission denied by the Docker engine at `{address}`")]
    Forbidden {
        /// Which.
        address: String,
    },
    /// An address of a kind that cannot be used.
    #[error("`{address}` ({origin}) is not an engine that harness can use: {reason}")]
    Address {
        /// Which.
        address: String,
        /// What named it.
        origin: String,
        /// Why not.
        reason: &'static str,
    },
    /// An image is not available.
    #[error("the image `{image}` of `{service}` is not available: {problem}")]
    Image {
        /// Which.
        image: String,
        /// For which service.
        service: String,
        /// Where it is named: "`image` of `[infra.s3]`".
        setting: String,
        /// Why not.
        problem: ImageProblem,
        /// The engine's own words.
        said: String,
    },
    /// Something of our name that is not ours.
    #[error("{kind} `{name}` does not belong to this home: {whose}")]
    Foreign {
        /// `container`, `volume`, `network`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What it says of itself.
        whose: String,
    },
    /// The connection to the engine broke during a pull.
    #[error("the connection to the Docker engine was lost while it pulled `{image}`")]
    Interrupted {
        /// Which.
        image: String,
        /// What broke.
        source: bollard::errors::Error,
    },
    /// The engine refused or failed.
    #[error("the Docker engine failed to {what}")]
    Call {
        /// Such as: create the container.
        what: String,
        /// Its answer.
        source: bollard::errors::Error,
    },
    /// A user's compose file takes a name of harness's own.
    #[error("`{}` defines `{name}`, a name that harness uses itself", file.display())]
    NameTaken {
        /// Which.
        file: std::path::PathBuf,
        /// Service or volume.
        name: String,
    },
    /// A service of a user's compose file does not come up.
    #[error("`{service}` did not start: {reason}")]
    NotWell {
        /// Which.
        service: String,
        /// As `docker ps` says it.
        reason: String,
        /// The last lines of its log.
        tail: Vec<String>,
    },
    /// The container of a store cannot run. Said in the store's log.
    #[error("the container of store `{store}` cannot run: {problem}")]
    StoreContainer {
        /// The store.
        store: String,
        /// Why not.
        problem: String,
    },
    /// There is no such container.
    #[error("`{service}` has no container")]
    NoContainer {
        /// The service.
        service: String,
    },
}

/// Result of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err`: the engine failed to do `what`.
    pub(in crate::infra) fn call(what: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let what = what.into();
        move |source| Self::Call { what, source }
    }
}

/// Whether the engine said that there is no such thing.
pub(in crate::infra) fn is_not_found(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 404, .. })
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::System(error) => error.kind(),
            Self::Compose(_) | Self::Address { .. } | Self::NameTaken { .. } => Kind::Configuration,
            Self::Foreign { .. } | Self::NoContainer { .. } => Kind::Conflict,
            _ => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::System(error) => error.code(),
            Self::Compose(_) | Self::NameTaken { .. } => "compose.invalid",
            Self::Unreachable { .. } | Self::NotRunning { .. } | Self::Absent { .. } | Self::Interrupted { .. } => {
                "docker.unreachable"
            }
            Self::Forbidden { .. } => "docker.forbidden",
            Self::Address { .. } => "docker.address",
            Self::Image { problem, .. } => problem.code(),
            Self::Foreign { .. } => "docker.foreign",
            Self::Call { .. } => "docker.failed",
            Self::NotWell { .. } | Self::StoreContainer { .. } => "docker.not_well",
            Self::NoContainer { .. } => "docker.no_container",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } | Self::NotRunning { .. } => {
                "start it (`sudo systemctl start docker`), or set DOCKER_HOST to its socket, or run \
                 `harness setup --engine native`"
                    .into()
            }
            Self::Absent { .. } => {
                "install Docker, or set DOCKER_HOST to its socket, or run `harness setup --engine native`".into()
            }
            Self::Interrupted { .. } => "start Docker and run the command again; downloaded layers are kept".into(),
            Self::Forbidden { .. } => {
                "add yourself to the group that owns the socket (`usermod -aG docker $USER`) and log in again".into()
            }
            Self::Address { .. } => "set DOCKER_HOST to a local socket, such as `unix:///var/run/docker.sock`".into(),
            Self::Image { setting, problem, .. } => problem.hint(setting),
            Self::Foreign { kind, name, .. } => format!(
                "set `compose_project` in `[infra]` to another name, or, if it is not needed, run \
                 `docker {kind} rm {name}`"
            ),
            Self::NameTaken { .. } => {
                "rename it; to change the image of one of harness's own services, set `image` in `[infra]`".into()
            }
            Self::NotWell { service, .. } => format!("run `harness logs --infra {service}`"),
            Self::NoContainer { .. } => "run `harness setup`".into(),
            Self::System(_) | Self::Compose(_) | Self::Call { .. } | Self::StoreContainer { .. } => return None,
        })
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::NotRunning { looked_at, .. } | Self::Absent { looked_at } => looked_at.clone(),
            Self::NotWell { tail, .. } => tail.clone(),
            Self::Image { said, .. } if !said.is_empty() => vec![said.clone()],
            _ => Vec::new(),
        }
    }
}
