//! What keeps `verify` from answering.

use std::path::PathBuf;

use crate::render::RenderError;
use crate::report::{Diagnostic, Kind};
use crate::system::{self, GitError, Holder};

/// What another hook can call to the same effect as ours.
const CHAIN: &str = "harness verify --status --index > /dev/null || [ $? -eq 5 ] || exit 1";

/// `verify` could not run, or could not tell.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to run.
    #[error("`{}` has no `[[verify.stages]]`", .0.join("harness.toml").display())]
    NoStages(PathBuf),
    /// `--stage` names a stage that does not exist.
    #[error("there is no stage `{name}`")]
    UnknownStage {
        /// The name.
        name: String,
        /// The stages that exist.
        known: Vec<String>,
    },
    /// A project's `error_pattern` is not a regular expression.
    #[error("`error_pattern` of `{command}` is not a regular expression")]
    Pattern {
        /// `stage.command`.
        command: String,
        /// Why.
        #[source]
        source: Box<regex::Error>,
    },
    /// The port of an `http_get` renders to something else.
    #[error("the port of `{command}` renders to `{value}`, which is not a port")]
    Port {
        /// `stage.command`.
        command: String,
        /// The result.
        value: String,
    },
    /// A template cannot be evaluated.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// `--against` names no commit, or there is no merge base.
    #[error("`{0}` is no commit of this repository")]
    NoBase(String),
    /// Another verify of the same agent is at work.
    #[error("another verify of this tree is running{}", .0.as_ref().map(|holder| format!(" (pid {})", holder.pid)).unwrap_or_default())]
    Busy(Option<Holder>),
    /// Changes of the tree cannot be noticed.
    #[error("changes of `{}` cannot be noticed", .0.display())]
    Unwatched(PathBuf),
    /// `--junit` names a file that cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// SIGINT or SIGTERM.
    #[error("interrupted")]
    Interrupted,
    /// git cannot be run, failed, or did not end.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The tree is in no repository, and a hook was asked for.
    #[error("`{}` is not in a git repository", .0.display())]
    NoRepository(PathBuf),
    /// Somebody else's hook is there.
    #[error("`{}` exists and was not installed by harness", .0.display())]
    ForeignHook(PathBuf),
    /// The operating system refused.
    #[error(transparent)]
    System(#[from] system::Error),
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NoStages(_) | Self::Pattern { .. } | Self::Port { .. } => Kind::Configuration,
            Self::UnknownStage { .. } | Self::NoBase(_) | Self::Unwritable { .. } => Kind::Usage,
            Self::Busy(_) | Self::ForeignHook(_) => Kind::Conflict,
            Self::Interrupted => Kind::Interrupted,
            Self::NoRepository(_) | Self::Unwatched(_) => Kind::Environment,
            Self::Git(error) => error.kind(),
            Self::Render(error) => error.kind(),
            Self::System(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoStages(_) => "verify.no_stages",
            Self::UnknownStage { .. } => "verify.unknown_stage",
            Self::Pattern { .. } => "verify.pattern",
            Self::Port { .. } => "verify.port",
            Self::Render(error) => error.code(),
            Self::NoBase(_) => "verify.no_base",
            Self::Busy(_) => "verify.busy",
            Self::Unwatched(_) => "verify.unwatched",
            Self::Unwritable { .. } => "verify.unwritable",
            Self::Interrupted => "interrupted",
            Self::Git(error) => error.code(),
            Self::NoRepository(_) => "git.no_repository",
            Self::ForeignHook(_) => "hook.foreign",
            Self::System(error) => error.code(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.details(),
            Self::Render(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoStages(_) => Some(
                "add one to harness.toml:\n  [[verify.stages]]\n  name = \"test\"\n  commands = [{ name = \"all\", run = \"cargo test\" }]"
                    .into(),
            ),
            Self::UnknownStage { known, .. } => Some(format!("the stages are {}", quoted(known))),
            Self::NoBase(_) => Some("name a commit: `harness verify --against=origin/main`".into()),
            Self::Busy(_) => Some("wait until it ends, or stop it".into()),
            Self::Unwritable { .. } => {
                Some("name a file in a directory that exists, and that you may write to: `--junit out.xml`".into())
            }
            Self::Git(error) => error.hint(),
            Self::ForeignHook(_) => Some(format!("let it call harness too, by this line:\n  {CHAIN}")),
            Self::Render(error) => error.hint(),
            Self::System(error) => error.hint(),
            _ => None,
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
