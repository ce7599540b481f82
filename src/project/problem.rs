//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};

/// A place in a file, counted from 1 as editors do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: PathBuf,
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, unless it comes from elsewhere than a configuration file.
    pub location: Option<Location>,
    /// The path of the key: `processes.api.command`; empty when it is about no key.
    pub key: String,
    /// What is wrong; names the key.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(formatter, "{location}: {}", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

/// A project cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Neither this directory nor one above it holds a project.
    #[error("no `harness.toml` in `{}` or above it", .0.display())]
    NotFound(PathBuf),
    /// The directory that was named holds no project.
    #[error("no `harness.toml` in `{}`", .0.display())]
    Missing(PathBuf),
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Files are there, and say what cannot be.
    #[error("{}", summary(file, problems))]
    Invalid {
        /// The project's `harness.toml`.
        file: PathBuf,
        /// What is wrong; at least one.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// Everything that is wrong.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            _ => &[],
        }
    }
}

/// One problem speaks for itself; of several, the details tell each.
fn summary(file: &std::path::Path, problems: &[Problem]) -> String {
    match problems {
        [only] => only.to_string(),
        several => format!("`{}` has {} errors", file.display(), several.len()),
    }
}

impl Diagnostic for ConfigError {
    fn kind(&self) -> Kind {
        Kind::Configuration
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::Missing(_) => "config.not_found",
            Self::Unreadable { .. } => "config.unreadable",
            Self::Invalid { .. } => "config.invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(_) | Self::Missing(_) => {
                Some("run `harness init` to write one, or run the command in the project (`-C DIR`)".into())
            }
            Self::Unreadable { .. } => None,
            Self::Invalid { problems, .. } => match &problems[..] {
                [only] => only.hint.clone(),
                _ => Some("run `harness config check` after each correction".into()),
            },
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Invalid { problems, .. } if problems.len() > 1 => problems
                .iter()
                .map(|problem| match &problem.hint {
                    Some(hint) => format!("{problem}; {hint}"),
                    None => problem.to_string(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}
