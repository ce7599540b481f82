//! Running the user's `git` in a work tree, without changing anything that the user sees.

use std::path::Path;
use std::process::Stdio;

use super::Error;

/// Settings for every call: no hook, no daemon, no garbage collection, no waiting for the disk, since
/// nothing that is written here has to survive; and a tree of another user is as good as one's own,
/// because its commands are run anyway.
const SETTINGS: [&str; 10] = [
    "safe.directory=*",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "core.fsync=none",
    "core.looseCompression=0",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.addEmbeddedRepo=false",
    "core.quotePath=false",
];

/// What git said.
pub(super) struct Said {
    /// Whether it exited with 0.
    pub(super) ok: bool,
    /// Standard output.
    pub(super) output: Vec<u8>,
    /// Standard error, trimmed.
    pub(super) complaint: String,
}

impl Said {
    /// Standard output without its last line break.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).trim_end_matches('\n').to_owned()
    }

    /// The same, or an error where git failed.
    pub(super) fn expect(self, what: &str) -> Result<Self, Error> {
        if self.ok { Ok(self) } else { Err(Error::Git { command: what.to_owned(), complaint: self.complaint }) }
    }
}

/// A git at work. Dropped, it is killed.
pub(super) struct Running {
    child: tokio::process::Child,
}

impl Running {
    /// What it says in the end.
    pub(super) async fn said(self) -> Result<Said, Error> {
        let output = self.child.wait_with_output().await.map_err(Error::NoGit)?;
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(Said { ok: output.status.success(), output: output.stdout, complaint })
    }
}

/// Runs `git <arguments>` in `directory` with the user's settings only: for questions about them.
pub(super) async fn git_as_configured(directory: &Path, arguments: &[&str]) -> Result<Said, Error> {
    call(directory, &SETTINGS[..1], arguments, &[])?.said().await
}

/// Runs `git <arguments>` in `directory` with further `variables`.
pub(super) async fn git(directory: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Result<Said, Error> {
    start(directory, arguments, variables)?.said().await
}

/// The same, without waiting for its end.
pub(super) fn start(directory: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Result<Running, Error> {
    call(directory, &SETTINGS, arguments, variables)
}

fn call(
    directory: &Path,
    settings: &[&str],
    arguments: &[&str],
    variables: &[(&str, &Path)],
) -> Result<Running, Error> {
    let mut command = tokio::process::Command::new("git");
    // git sets these for its hooks, and they would turn it to another repository or index
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.arg("-C").arg(directory).args(arguments);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::NoGit)?;
    Ok(Running { child })
}
