//! Whose units they are, and where systemd looks for them: root's are the system's, everybody else's are their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::error::BootError;
use crate::agent::Context;
use crate::report::{Failure, UnitScope};
use crate::system::{self, Home};

/// A `systemctl` that has not answered by then hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where units go.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub scope: UnitScope,
    pub directory: PathBuf,
    /// For the sockets of the user's own systemd.
    runtime: PathBuf,
    /// The login name.
    pub user: String,
    /// Begins the names of this home's units.
    pub stem: String,
}

impl Place {
    pub(super) fn of(context: &Context, directory: Option<&Path>) -> Result<Self, Failure> {
        let set = |name| context.variable(name).filter(|value| !value.is_empty());
        let uid = system::effective_uid();
        let scope = if uid == 0 { UnitScope::System } else { UnitScope::User };
        let directory = match (directory, scope) {
            (Some(directory), _) => context.directory.join(directory),
            (None, UnitScope::System) => PathBuf::from("/etc/systemd/system"),
            (None, UnitScope::User) => set("XDG_CONFIG_HOME")
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .or_else(|| set("HOME").map(|home| Path::new(&home).join(".config")))
                .ok_or(BootError::NoDirectory)?
                .join("systemd/user"),
        };
        // a second home of one user has units of its own
        let usual = Home::locate(|name| context.variable(name).filter(|_| name != "HARNESS_HOME")).ok();
        let is_usual = usual.is_some_and(|usual| usual == context.home.path());
        let stem = if is_usual { "harness".to_owned() } else { format!("harness-{}", context.home.id()) };
        Ok(Self {
            scope,
            directory,
            runtime: set("XDG_RUNTIME_DIR").map_or_else(|| PathBuf::from(format!("/run/user/{uid}")), PathBuf::from),
            user: set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(|| uid.to_string()),
            stem,
        })
    }

    /// The target that starts everything of this scope.
    pub(super) fn target(&self) -> &'static str {
        match self.scope {
            UnitScope::System => "multi-user.target",
            UnitScope::User => "default.target",
        }
    }

    /// Whether the systemd that would read these units runs.
    pub(super) fn is_served(&self) -> bool {
        match self.scope {
            UnitScope::System => Path::new("/run/systemd/system").is_dir(),
            UnitScope::User => self.runtime.join("systemd/private").exists(),
        }
    }

    /// Whether a user's units start at boot, rather than at the first login.
    pub(super) fn starts_at_boot(&self) -> bool {
        self.scope == UnitScope::System || Path::new("/var/lib/systemd/linger").join(&self.user).exists()
    }

    /// Asks systemd; an error is what it said.
    pub(super) async fn systemctl(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = tokio::process::Command::new("systemctl");
        if self.scope == UnitScope::User {
            command.arg("--user").env("XDG_RUNTIME_DIR", &self.runtime);
        }
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}
