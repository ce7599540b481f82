//! How a failure is classed: its kind alone picks the exit code, its code is stable for scripts.

use std::error::Error;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::system::{GitError, TimedOut, loopback_map};

/// The kind of a failure. The discriminant is the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// What was checked failed: `verify` did not pass, a stack is not healthy.
    CheckFailed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// `harness.toml`, or a file that it names, is wrong.
    Configuration = 3,
    /// Docker, PostgreSQL, S3 or the operating system fails.
    Environment = 4,
    /// Another project or program has it, or it does not exist.
    Conflict = 5,
    /// A bug of harness.
    Bug = 70,
    /// SIGINT or SIGTERM.
    Interrupted = 130,
}

impl Kind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        self as u8
    }
}

/// An error that a user may see. `Display` says what failed on which thing, in lower case, without
/// its cause; the causes come from `source`.
pub trait Diagnostic: Error + Send + Sync + 'static {
    /// Its kind, which decides the exit code.
    fn kind(&self) -> Kind;
    /// A stable, dotted name: `port.in_use`.
    fn code(&self) -> &'static str;
    /// How to solve it, as an imperative sentence or a command.
    fn hint(&self) -> Option<String> {
        None
    }
    /// Evidence: the last lines of a log or of a command's output.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Any [`Diagnostic`], as verbs return it.
pub struct Failure(Box<dyn Diagnostic>);

impl<E: Diagnostic> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl Failure {
    /// The error inside.
    pub fn diagnostic(&self) -> &dyn Diagnostic {
        &*self.0
    }

    /// The error inside, if it is an `E`; decisions are made by it, never by a code's text.
    pub fn downcast<E: Diagnostic>(&self) -> Option<&E> {
        let error: &(dyn Error + 'static) = &*self.0;
        error.downcast_ref()
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// The document that JSON output carries.
    pub fn document(&self) -> ErrorDocument {
        let mut causes = Vec::new();
        let mut source = self.0.source();
        let message = self.0.to_string();
        while let Some(cause) = source {
            let text = cause.to_string();
            // a transparent error has the text of its source
            if text != message && causes.last() != Some(&text) {
                causes.push(text);
            }
            source = cause.source();
        }
        ErrorDocument {
            code: self.0.code().to_owned(),
            message,
            causes,
            hint: self.0.hint(),
            details: self.0.details(),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A failure in JSON output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDocument {
    /// A stable, dotted name: `port.in_use`.
    pub code: String,
    /// What failed, on which thing.
    pub message: String,
    /// Why, outermost cause first.
    pub causes: Vec<String>,
    /// How to solve it.
    pub hint: Option<String>,
    /// The last lines of a log or of a command's output.
    pub details: Vec<String>,
}

/// The way out where what the shared servers kept cannot be opened.
pub const RECORD_LOST: &str = "restore `infra/record.json` of the home from a backup; or run `harness teardown --infra --volumes`, \
     which deletes every database and bucket, then `harness setup`";

impl Diagnostic for crate::system::Error {
    fn kind(&self) -> Kind {
        Kind::Environment
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "state.damaged",
            Self::Newer { .. } => "state.newer",
            Self::NotTraversable { .. } => "home.not_traversable",
            Self::NoServiceUser => "user.missing",
            Self::NoHome => "home.unknown",
            Self::RelativeHome { .. } => "home.relative",
            Self::PartialHome { .. } => "home.partial",
            _ => "system.io",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { path, .. } => {
                // `agents/3/record.json`: a teardown goes by what exists
                let directory = path.parent().and_then(|directory| directory.file_name()?.to_str());
                Some(match directory.and_then(|name| name.parse::<u8>().ok()) {
                    Some(agent) => {
                        format!("run `harness teardown {agent}`, then `harness launch {agent}`")
                    }
                    None if directory == Some("infra") => RECORD_LOST.to_owned(),
                    None => "restore it from a backup, or move it elsewhere".into(),
                })
            }
            Self::Newer { .. } => Some("install the version of harness that wrote it, or a newer one".into()),
            Self::NotTraversable { path, .. } => Some(format!(
                "run `chmod o+x {}`, or set HARNESS_HOME to a directory that the user can enter",
                path.display()
            )),
            error if error.is_full() => Some(
                "free space on the disk: `harness gc`, `harness db ID drop NAME` and `harness teardown ID` give some back"
                    .into(),
            ),
            Self::NoServiceUser => Some("run `useradd --system harness`".into()),
            Self::NoHome => Some("set HARNESS_HOME to a directory".into()),
            Self::RelativeHome { path } => {
                let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Some(format!("make it absolute: `HARNESS_HOME={}`", absolute.display()))
            }
            Self::PartialHome { .. } => {
                Some("run it outside the sandbox; docs/sandboxes.md lists what works inside".into())
            }
            _ => None,
        }
    }
}

impl Diagnostic for loopback_map::Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Nested { .. } => Kind::Conflict,
            Self::Refused(_) | Self::Denied(_) | Self::NotMapped => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "network.refused",
            Self::Denied(_) => "network.denied",
            Self::Nested { .. } => "network.nested",
            Self::NotMapped => "network.not_mapped",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint().to_owned())
    }
}

impl Diagnostic for GitError {
    fn kind(&self) -> Kind {
        Kind::Environment
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "git.missing",
            Self::Failed { .. } => "git.failed",
            Self::TimedOut { .. } => "git.timed_out",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(_) => Some("install git".into()),
            Self::Failed { output, .. } => {
                // git names the command that mends it: `git config --global --add safe.directory ...`
                let offered = output.iter().map(|line| line.trim()).find(|line| line.starts_with("git "));
                offered.map(|command| format!("run `{command}`"))
            }
            Self::TimedOut { directory, .. } => {
                Some(format!("run `git status` in `{}` to see what it waits for", directory.display()))
            }
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            // one line is in the message
            Self::Failed { output, .. } if output.len() > 1 => output.clone(),
            _ => Vec::new(),
        }
    }
}

impl Diagnostic for TimedOut {
    fn kind(&self) -> Kind {
        Kind::Environment
    }

    fn code(&self) -> &'static str {
        "system.timed_out"
    }

    fn hint(&self) -> Option<String> {
        Some("run `harness doctor`, which names the servers that do not answer".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Deadline;

    #[test]
    fn a_wait_that_ended_late_is_a_failure_of_the_environment() {
        let failure = Failure::from(Deadline::after("the database server", std::time::Duration::ZERO).timed_out());
        let document = failure.document();
        assert_eq!((failure.kind(), document.code.as_str()), (Kind::Environment, "system.timed_out"));
        assert!(document.message.contains("the database server"), "{}", document.message);
    }

    #[test]
    fn a_failure_of_git_offers_what_git_offers() {
        let failed = |output: &str| GitError::Failed {
            command: "status".to_owned(),
            directory: "/tree".into(),
            output: output.lines().map(ToOwned::to_owned).collect(),
        };
        let owner = failed(
            "fatal: detected dubious ownership in repository at '/tree'\nTo add an exception, call:\n\n\tgit config --global --add safe.directory /tree",
        );
        assert_eq!(
            owner.to_string(),
            "`git status` failed in `/tree`: detected dubious ownership in repository at '/tree'"
        );
        assert_eq!(owner.hint().unwrap(), "run `git config --global --add safe.directory /tree`");
        assert_eq!(failed("").to_string(), "`git status` failed in `/tree`: it printed no reason");
        let late = GitError::TimedOut {
            command: "status".to_owned(),
            directory: "/tree".into(),
            after: std::time::Duration::from_mins(1),
        };
        assert_eq!(
            (late.code(), late.to_string().as_str()),
            ("git.timed_out", "`git status` did not end within 60 s in `/tree`")
        );
    }
}
