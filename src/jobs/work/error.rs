//! Why there is no worker.

use std::path::PathBuf;

use crate::report::{Diagnostic, ErrorDocument, Kind};

/// The worker cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// A worker of this name runs in this home.
    #[error("worker `{worker}` runs already{}", pid.map(|pid| format!(", as process {pid}")).unwrap_or_default())]
    Running {
        /// Its name.
        worker: String,
        /// Its process.
        pid: Option<u32>,
    },
    /// A setting is wrong.
    #[error("`{name}` is `{value}`, and must be {expected}")]
    Setting {
        /// The option or variable.
        name: String,
        /// What it is.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The URL of a server is known, and no key.
    #[error("there is no key for `{url}`")]
    NoKey {
        /// The server.
        url: String,
    },
    /// The file of variables cannot be read.
    #[error("`{}` is wrong: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// The server refuses the worker.
    #[error("`{url}` refuses this worker: {}", error.message)]
    Refused {
        /// The server.
        url: String,
        /// Why.
        error: Box<ErrorDocument>,
    },
    /// The server does not answer.
    #[error("no answer of {why}")]
    NoAnswer {
        /// Who, and what came instead.
        why: String,
    },
    /// A container was not given a job that it can do.
    #[error("there is no job here: {reason}")]
    NotHanded {
        /// Why not.
        reason: String,
    },
    /// `harness complete` outside of a job.
    #[error("this is not the session of a job: `HARNESS_COMPLETION` is not set")]
    NoJob,
}

impl Diagnostic for WorkError {
    fn kind(&self) -> Kind {
        match self {
            Self::Setting { .. } | Self::NoKey { .. } | Self::File { .. } => Kind::Configuration,
            Self::NoAnswer { .. } => Kind::Environment,
            _ => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Running { .. } => "work.running",
            Self::Setting { .. } => "work.setting",
            Self::NoKey { .. } => "work.no_key",
            Self::File { .. } => "work.file",
            Self::Refused { .. } => "work.refused",
            Self::NoAnswer { .. } => "work.no_answer",
            Self::NotHanded { .. } => "work.not_handed",
            Self::NoJob => "work.no_job",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Running { .. } => "stop it, or choose another `--name`".to_owned(),
            Self::Setting { .. } | Self::File { .. } => "docs/jobs.md lists what there is to set".to_owned(),
            Self::NoKey { .. } => {
                "run `harness serve key add --worker NAME` on the server, and set `HARNESS_WORKER_KEY`".to_owned()
            }
            Self::Refused { error, .. } if error.code == "serve.token" => {
                "run `harness serve key add --worker NAME` on the server for a new key".to_owned()
            }
            Self::Refused { error, .. } => return error.hint.clone(),
            Self::NoAnswer { .. } => {
                "see whether `harness serve` runs there, and whether this machine reaches it".to_owned()
            }
            Self::NotHanded { .. } => "a worker starts this so, in a container; run `harness work`".to_owned(),
            Self::NoJob => "a worker sets it for the program of a job".to_owned(),
        })
    }
}
