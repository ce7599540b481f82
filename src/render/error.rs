//! What can be wrong with a template or its result.

use std::path::PathBuf;

use crate::project::{Location, dotenv::DotenvError};
use crate::report::{Diagnostic, Kind};

/// Result of this module.
pub type Result<T, E = RenderError> = std::result::Result<T, E>;

/// Where a template stands: `/work/board/harness.toml:12:1: ` or nothing, then what it is: `env.PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub(super) location: Option<Location>,
    pub(super) name: String,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(location) = &self.location {
            write!(formatter, "{location}: ")?;
        }
        write!(formatter, "`{}`", self.name)
    }
}

/// What the template engine says, without the place: that is told by the key or the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TemplateProblem(String);

/// Something cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A name that does not exist.
    #[error("{origin} uses `{name}`, which is not defined")]
    Undefined {
        /// The template.
        origin: Origin,
        /// The name.
        name: String,
        /// What was probably meant, or what there is.
        hint: Option<String>,
    },
    /// Not a template, or a filter failed.
    #[error("{origin} is not a valid template")]
    Template {
        /// The template.
        origin: Origin,
        /// Why.
        #[source]
        source: TemplateProblem,
    },
    /// It was evaluated, and the result is of no use.
    #[error("{origin} renders to `{value}`, which is not {expected}")]
    Value {
        /// The template.
        origin: Origin,
        /// The result.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A file of `env_file`, or a template's file, cannot be read.
    #[error("cannot read `{}`, which `{key}` names", path.display())]
    Read {
        /// The key in `harness.toml`.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of `env_file` is not a dotenv file.
    #[error("{}:{}: not a line of a dotenv file", path.display(), source.line)]
    Dotenv {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DotenvError,
    },
    /// The rendered process config is not one.
    #[error("line {line} of the rendered `{template}` is not valid in a process config")]
    Spec {
        /// The template.
        template: String,
        /// The line of the result.
        line: usize,
        /// Why. Without the text, which may hold secrets.
        #[source]
        source: toml::de::Error,
    },
    /// A value that no environment can hold.
    #[error("the value of `{0}` holds a NUL character")]
    Nul(String),
    /// A variable that the kernel would not pass on.
    #[error("the variable `{name}` has {bytes} bytes, the kernel accepts at most {limit}")]
    LongVariable {
        /// The variable.
        name: String,
        /// Its size with its name.
        bytes: usize,
        /// What is possible.
        limit: usize,
    },
    /// An environment that the kernel would not pass on.
    #[error("the environment has {bytes} bytes, the kernel accepts at most {limit}; the largest is `{largest}`")]
    LargeEnvironment {
        /// Its size.
        bytes: usize,
        /// What is possible, less some room for arguments.
        limit: usize,
        /// The largest variable.
        largest: String,
    },
    /// A variable of a project's own env file that the processes would not get.
    #[error("{origin} gives `{name}` a value of its own, which no process would get")]
    EnvOnly {
        /// The template.
        origin: Origin,
        /// The variable.
        name: String,
    },
    /// No built-in template has this name.
    #[error("there is no built-in template `{0}`")]
    UnknownTemplate(String),
    /// `--with` names a process that does not exist.
    #[error("there is no process `{name}`")]
    UnknownProcess {
        /// The name.
        name: String,
        /// What was probably meant, and what there is.
        hint: String,
    },
    /// A target leads out of the tree.
    #[error("{origin} renders to `{}`, which is outside the agent's tree", path.display())]
    Outside {
        /// The template.
        origin: Origin,
        /// The target.
        path: PathBuf,
    },
    /// A target is there, and not harness's.
    #[error("`{}` {}: harness does not overwrite it", path.display(), whose(*tracked))]
    NotOurs {
        /// The target.
        path: PathBuf,
        /// Whether git tracks it.
        tracked: bool,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] crate::system::Error),
    /// git cannot be made to ignore a file.
    #[error("cannot exclude `{}` from git", path.display())]
    Git {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn whose(tracked: bool) -> &'static str {
    if tracked { "is tracked by git" } else { "exists and was not written by harness" }
}

impl RenderError {
    /// What the template engine refuses.
    pub(super) fn template(origin: Origin, error: &minijinja::Error) -> Self {
        let said = error.detail().map_or_else(String::new, |detail| format!(": {detail}"));
        Self::Template { origin, source: TemplateProblem(format!("{}{said}", error.kind())) }
    }

    /// The template that is wrong, where one is.
    pub(super) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Undefined { origin, .. }
            | Self::Template { origin, .. }
            | Self::Value { origin, .. }
            | Self::EnvOnly { origin, .. }
            | Self::Outside { origin, .. } => Some(origin),
            _ => None,
        }
    }
}

impl Diagnostic for RenderError {
    fn kind(&self) -> Kind {
        match self {
            Self::Write(_) | Self::Git { .. } => Kind::Environment,
            Self::UnknownTemplate(_) => Kind::Usage,
            Self::UnknownProcess { .. } | Self::NotOurs { .. } => Kind::Conflict,
            _ => Kind::Configuration,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Undefined { .. } => "render.undefined",
            Self::Template { .. } => "render.template",
            Self::Value { .. } | Self::Nul(_) | Self::Outside { .. } => "render.value",
            Self::LongVariable { .. } | Self::LargeEnvironment { .. } => "render.too_large",
            Self::Read { .. } => "render.unreadable",
            Self::Dotenv { .. } => "render.dotenv",
            Self::NotOurs { .. } => "render.not_ours",
            Self::Spec { .. } => "render.spec",
            Self::UnknownProcess { .. } => "process.unknown",
            Self::Write(error) => error.code(),
            Self::Git { .. } => "render.git",
            Self::EnvOnly { .. } => "render.env_only",
            Self::UnknownTemplate(_) => "render.unknown_template",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Undefined { hint, .. } => hint.clone(),
            Self::UnknownProcess { hint, .. } => Some(hint.clone()),
            Self::Read { key: "env.env_file", .. } => {
                Some("add a file that git does not track to `[worktree] copy`".into())
            }
            Self::LongVariable { .. } => Some("write it to a file, and set the variable to the file's path".into()),
            Self::LargeEnvironment { .. } => {
                Some("write large values to files, or raise the stack limit with `ulimit -s`".into())
            }
            Self::EnvOnly { name, .. } => {
                Some(format!("set `{name}` in [env]: it is then in `entries` and in every process"))
            }
            Self::UnknownTemplate(_) => Some("the built-in templates are `env` and `processes`".into()),
            Self::NotOurs { .. } => Some(
                "name another file in `[render]` (`env_file = \".env.agent.{{ id }}\"`, the target in `files`), or move \
                 this one away"
                    .into(),
            ),
            _ => None,
        }
    }
}
