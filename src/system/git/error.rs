//! What can go wrong with a call of git.

use std::path::PathBuf;
use std::time::Duration;

/// A call of git that failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git cannot be started.
    #[error("cannot run `git`")]
    Missing(#[source] std::io::Error),
    /// git ended with an error.
    #[error("`git {command}` failed in `{}`: {}", directory.display(), reason_of(output))]
    Failed {
        /// Its arguments.
        command: String,
        /// Where it ran.
        directory: PathBuf,
        /// What it wrote to standard error.
        output: Vec<String>,
    },
    /// git did not end in time.
    #[error("`git {command}` did not end within {} s in `{}`", after.as_secs_f32(), directory.display())]
    TimedOut {
        /// Its arguments.
        command: String,
        /// Where it ran.
        directory: PathBuf,
        /// The deadline.
        after: Duration,
    },
}

impl GitError {
    /// Whether git found no repository at the directory, as opposed to one that it cannot or must not read.
    pub fn is_no_repository(&self) -> bool {
        matches!(self, Self::Failed { output, .. } if output.iter().any(|line| line.contains("not a git repository")))
    }
}

/// The line that names the reason among those that git printed.
fn reason_of(output: &[String]) -> &str {
    let begins = |start: &str| output.iter().find(|line| line.starts_with(start));
    let line = begins("fatal: ").or_else(|| begins("error: ")).or_else(|| output.iter().find(|line| !line.is_empty()));
    let line = line.map_or("it printed no reason", String::as_str);
    line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line)
}
