//! One call of git: its arguments, its environment, its deadline.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::error::GitError;
use super::streams::read_both;

/// How long a call may take unless the caller says otherwise.
const DEADLINE: Duration = Duration::from_mins(1);

/// How long another git may take to make the entry of a work tree.
pub const HALF_MADE: Duration = Duration::from_secs(3);
/// The pause before it is looked at again.
pub const HALF_MADE_PAUSE: Duration = Duration::from_millis(20);

/// What a question must not start.
const ASKING: [&str; 5] =
    ["core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false", "core.quotePath=false"];

/// Variables of git that concern the user's configuration and identity, not a repository. An action keeps
/// them.
const KEPT: [&str; 5] = ["GIT_CONFIG_", "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH", "GIT_ASKPASS"];

/// git in a directory.
#[derive(Debug, Clone)]
pub struct Git {
    directory: PathBuf,
    settings: Vec<&'static str>,
    variables: Vec<(&'static str, OsString)>,
    hidden: Vec<String>,
    deadline: Duration,
    asking: bool,
}

/// What git printed, and whether it succeeded.
#[derive(Debug, Clone)]
pub struct GitOutput {
    /// Whether it exited with 0.
    pub success: bool,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, trimmed.
    pub stderr: String,
}

impl GitOutput {
    /// Standard output without its last line break.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }
}

/// Whether git, which said this, has failed on the entry of a work tree that another git is making at this moment, so that
/// the same call may succeed after [`HALF_MADE_PAUSE`]. It reads all entries before it does anything, and an entry is a
/// folder of files that are written one after the other.
pub fn is_half_made(said: &str) -> bool {
    said.contains("failed to read") && said.contains("/commondir")
}

impl Git {
    /// A git that changes nothing and starts nothing.
    pub fn asking(directory: impl Into<PathBuf>) -> Self {
        Self { asking: true, settings: ASKING.to_vec(), ..Self::acting(directory) }
    }

    /// A git that acts as the user would, hooks included.
    pub fn acting(directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        let (settings, variables, hidden) = (Vec::new(), Vec::new(), Vec::new());
        Self { directory, settings, variables, hidden, deadline: DEADLINE, asking: false }
    }

    /// A question about the user's own settings: nothing is set aside.
    pub fn asking_as_configured(directory: impl Into<PathBuf>) -> Self {
        Self { asking: true, ..Self::acting(directory) }
    }

    /// The same, with a setting `name=value`.
    #[must_use]
    pub fn set(mut self, setting: &'static str) -> Self {
        self.settings.push(setting);
        self
    }

    /// The same, with a variable.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    /// The same, without these variables of the caller.
    #[must_use]
    pub fn hiding(mut self, names: &[String]) -> Self {
        self.hidden.extend_from_slice(names);
        self
    }

    /// The same, killed after `deadline`.
    #[must_use]
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it. A failure of git is an answer: see [`GitOutput::success`].
    ///
    /// # Errors
    /// git cannot be started, or the deadline passed.
    pub async fn output(&self, arguments: &[impl AsRef<OsStr>]) -> Result<GitOutput, GitError> {
        let began = Instant::now();
        loop {
            let output = self.start(arguments)?.output().await?;
            if output.success || !is_half_made(&output.stderr) || began.elapsed() > HALF_MADE {
                return Ok(output);
            }
            tokio::time::sleep(HALF_MADE_PAUSE).await;
        }
    }

    /// Runs it; returns its standard output without the last line break.
    ///
    /// # Errors
    /// As for [`Self::output`]; or git failed.
    pub async fn text(&self, arguments: &[impl AsRef<OsStr>]) -> Result<String, GitError> {
        let output = self.output(arguments).await?;
        self.check(arguments, output).map(|output| output.text())
    }

    /// The same as [`Self::output`], for code that is not asynchronous.
    ///
    /// # Errors
    /// As for [`Self::output`].
    pub fn output_blocking(&self, arguments: &[impl AsRef<OsStr>]) -> Result<GitOutput, GitError> {
        let mut child = self.command(arguments).spawn().map_err(GitError::Missing)?;
        let read = read_both(&mut child, Instant::now() + self.deadline);
        if !matches!(read, Ok(Some(_))) {
            let _ = child.kill();
        }
        let status = child.wait().map_err(GitError::Missing)?;
        match read.map_err(GitError::Missing)? {
            Some([stdout, stderr]) => Ok(finished(status.success(), stdout, &stderr)),
            None => Err(timed_out(arguments, &self.directory, self.deadline)),
        }
    }

    /// Starts it. Dropped, the call is killed.
    ///
    /// # Errors
    /// git cannot be started.
    pub fn start(&self, arguments: &[impl AsRef<OsStr>]) -> Result<RunningGit, GitError> {
        let mut command = tokio::process::Command::from(self.command(arguments));
        let child = command.kill_on_drop(true).spawn().map_err(GitError::Missing)?;
        Ok(RunningGit { child, git: self.clone(), command: joined(arguments) })
    }

    /// The output as an error where git failed.
    ///
    /// # Errors
    /// [`GitError::Failed`].
    pub fn check(&self, arguments: &[impl AsRef<OsStr>], output: GitOutput) -> Result<GitOutput, GitError> {
        if output.success {
            return Ok(output);
        }
        let lines = output.stderr.lines().map(ToOwned::to_owned).collect();
        Err(GitError::Failed { command: joined(arguments), directory: self.directory.clone(), output: lines })
    }

    /// The environment that git and its hooks get: the caller's, without what points to a repository.
    pub fn environment(caller: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
        caller.filter(|(name, _)| is_kept(name)).collect()
    }

    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| !is_kept(name)) {
            command.env_remove(name);
        }
        for name in &self.hidden {
            command.env_remove(name);
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_PAGER", "cat");
        if self.asking {
            // hooks of an action keep the user's language; of a question the answer is read
            command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        // not the working directory: git itself says that a directory does not exist
        command.arg("-C").arg(&self.directory).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A call of git that was started.
#[derive(Debug)]
pub struct RunningGit {
    child: tokio::process::Child,
    git: Git,
    command: String,
}

impl RunningGit {
    /// Waits for its end.
    ///
    /// # Errors
    /// The deadline passed.
    pub async fn output(self) -> Result<GitOutput, GitError> {
        let ended = tokio::time::timeout(self.git.deadline, self.child.wait_with_output()).await;
        let Ok(output) = ended else {
            return Err(timed_out(&[self.command], &self.git.directory, self.git.deadline));
        };
        let output = output.map_err(GitError::Missing)?;
        Ok(finished(output.status.success(), output.stdout, &output.stderr))
    }
}

fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    // `git -c` hands its settings down in GIT_CONFIG_PARAMETERS: they are meant for that call only
    !name.starts_with("GIT_") || (KEPT.iter().any(|kept| name.starts_with(kept)) && name != "GIT_CONFIG_PARAMETERS")
}

fn finished(success: bool, stdout: Vec<u8>, stderr: &[u8]) -> GitOutput {
    GitOutput { success, stdout, stderr: String::from_utf8_lossy(stderr).trim().to_owned() }
}

fn timed_out(arguments: &[impl AsRef<OsStr>], directory: &Path, after: Duration) -> GitError {
    GitError::TimedOut { command: joined(arguments), directory: directory.to_owned(), after }
}

fn joined(arguments: &[impl AsRef<OsStr>]) -> String {
    arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_says_the_reason_of_git() {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::asking(directory.path());
        for error in [
            git.text(&["rev-parse", "--show-toplevel"]).await.unwrap_err(),
            git.output_blocking(&["rev-parse"]).and_then(|output| git.check(&["rev-parse"], output)).unwrap_err(),
        ] {
            assert!(error.is_no_repository(), "{error}");
            assert!(error.to_string().contains("not a git repository"), "{error}");
        }
    }

    #[tokio::test]
    async fn an_entry_of_a_work_tree_that_is_half_made_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::acting(directory.path());
        for arguments in [
            &["init", "--quiet"][..],
            &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "one"],
            &["worktree", "add", "--quiet", "linked"],
        ] {
            git.text(arguments).await.unwrap();
        }
        let file = directory.path().join(".git/worktrees/linked/commondir");
        let content = std::fs::read(&file).unwrap();
        std::fs::write(&file, "").unwrap();
        let list = git.start(&["worktree", "list"]).unwrap().output().await.unwrap();
        assert!(!list.success && is_half_made(&list.stderr), "{list:?}");
        let waits = git.text(&["worktree", "list"]);
        let (list, ()) = futures_util::future::join(waits, async {
            std::fs::write(&file, &content).unwrap();
        })
        .await;
        assert!(list.unwrap().contains("linked"));
    }

    #[tokio::test]
    async fn a_git_that_does_not_end_is_killed_at_the_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::asking(directory.path()).set("alias.hang=!sleep 3").within(Duration::from_millis(50));
        for error in [git.output(&["hang"]).await.unwrap_err(), git.output_blocking(&["hang"]).unwrap_err()] {
            assert!(matches!(error, GitError::TimedOut { .. }), "{error}");
        }
    }

    #[test]
    fn what_points_to_a_repository_is_removed() {
        let names =
            ["GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_GLOBAL", "GIT_SSH_COMMAND", "PATH"];
        let kept = Git::environment(names.iter().map(|name| ((*name).into(), "x".into())));
        let kept: Vec<String> = kept.into_iter().filter_map(|(name, _)| name.into_string().ok()).collect();
        assert_eq!(kept, ["GIT_CONFIG_GLOBAL", "GIT_SSH_COMMAND", "PATH"]);
    }

    #[test]
    fn both_streams_are_read_while_either_is_full() {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::asking(directory.path());
        let git = git.set("alias.much=!yes error | head -c 300000 >&2; yes | head -c 300000");
        let output = git.output_blocking(&["much"]).unwrap();
        assert_eq!((output.success, output.stdout.len()), (true, 300_000));
        assert!(output.stderr.len() > 299_000);
    }
}
