//! Branches, commits and pushes of jobs, in the checkout of their project.
//!
//! No hook of the repository runs here: its files are what the program of a job may have written.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::system::{Git, GitError, Secret};

/// How long a fetch or a push may take.
pub(super) const TRANSFER: Duration = Duration::from_mins(15);
/// How long a commit may take.
pub(super) const COMMIT: Duration = Duration::from_mins(5);
/// What programs leave in a tree, and is no part of their work.
const LEFT: [&str; 2] = [":(top,exclude).aider*", ":(top,exclude)completion-*.txt"];

/// The checkout of a project.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) path: PathBuf,
    /// For GitHub's HTTPS.
    token: Option<Secret>,
}

/// git that acts and starts no program of the repository's.
pub(super) fn git(directory: &Path) -> Git {
    let git = Git::acting(directory).set("core.hooksPath=/dev/null").set("core.fsmonitor=false");
    git.set("commit.gpgsign=false").set("gc.auto=0").set("maintenance.auto=false")
}

impl Repository {
    pub(super) fn new(path: PathBuf, token: Option<Secret>) -> Self {
        Self { path, token }
    }

    /// git that speaks to a remote.
    fn far(&self, url: &str) -> Git {
        let git = git(&self.path).within(TRANSFER);
        let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', ':']).next());
        let (Some(token), Some("github.com")) = (&self.token, host) else { return git };
        let login = STANDARD.encode(format!("x-access-token:{}", token.expose()));
        // in the environment, which others cannot read as they can a command line
        git.variable("GIT_CONFIG_COUNT", "1")
            .variable("GIT_CONFIG_KEY_0", "http.https://github.com/.extraheader")
            .variable("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {login}"))
    }

    /// The URL of a remote, or what is one itself.
    pub(super) async fn url(&self, remote: &str) -> Result<String, GitError> {
        if remote.contains('/') || remote.contains(':') {
            return Ok(remote.to_owned());
        }
        git(&self.path).text(&["remote", "get-url", "--push", remote]).await
    }

    /// Fetches a branch of a remote; its commit, or `None` where there is no such branch. It is kept from git's own
    /// tidying under the name `keep`.
    pub(super) async fn fetch(&self, remote: &str, branch: &str, keep: &str) -> Result<Option<String>, GitError> {
        let git = self.far(&self.url(remote).await?);
        let name = format!("refs/heads/{branch}");
        if git.text(&["ls-remote", "--heads", remote, &name]).await?.is_empty() {
            return Ok(None);
        }
        let spec = format!("+{name}:{keep}");
        git.text(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, &spec]).await?;
        self.commit_of(keep).await.map(Some)
    }

    /// The commit that a name stands for.
    pub(super) async fn commit_of(&self, name: &str) -> Result<String, GitError> {
        let name = format!("{name}^{{commit}}");
        git(&self.path).text(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).await
    }

    /// A name for a branch that there is not yet: `name`, else with a number.
    pub(super) async fn free_branch(&self, name: &str) -> Result<String, GitError> {
        let mut number = 1;
        loop {
            let free = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            if !self.has_branch(&free).await? {
                return Ok(free);
            }
            number += 1;
        }
    }

    async fn has_branch(&self, name: &str) -> Result<bool, GitError> {
        let name = format!("refs/heads/{name}");
        Ok(git(&self.path).output(&["show-ref", "--verify", "--quiet", &name]).await?.success)
    }

    /// Makes a branch, where there is none of this name.
    pub(super) async fn branch(&self, name: &str, start: &str) -> Result<(), GitError> {
        if self.has_branch(name).await? {
            return Ok(());
        }
        git(&self.path).text(&["branch", "--no-track", name, start]).await.map(drop)
    }

    /// Removes a branch and the names under which commits of a job are kept.
    pub(super) async fn forget(&self, branch: Option<&str>, kept: &[String]) -> Result<(), GitError> {
        for name in kept {
            git(&self.path).output(&["update-ref", "-d", name]).await?;
        }
        if let Some(branch) = branch {
            // one that is checked out stays
            git(&self.path).output(&["branch", "--delete", "--force", "--quiet", branch]).await?;
        }
        Ok(())
    }

    /// Pushes a commit; never over another one that it does not contain.
    pub(super) async fn push(&self, url: &str, commit: &str, branch: &str) -> Result<(), GitError> {
        let spec = format!("{commit}:refs/heads/{branch}");
        self.far(url).text(&["push", "--quiet", "--no-verify", url, &spec]).await?;
        // by a URL git does not note it as it does for a remote's name; what the remote has is not unpushed
        let git = git(&self.path);
        for remote in git.text(&["remote"]).await?.lines() {
            if self.url(remote).await.is_ok_and(|own| own == url) {
                let name = format!("refs/remotes/{remote}/{branch}");
                git.output(&["update-ref", &name, commit]).await?;
            }
        }
        Ok(())
    }

    /// What a range of commits changes and says, as bytes.
    pub(super) async fn changes(&self, from: &str, to: &str) -> Result<Vec<u8>, GitError> {
        let range = format!("{from}..{to}");
        let git = git(&self.path).within(COMMIT);
        let arguments = ["log", "--patch", "--format=%an%n%ae%n%B", "--no-ext-diff", "--no-textconv", "--text", &range];
        let output = git.output(&arguments).await?;
        git.check(&arguments, output).map(|output| output.stdout)
    }
}

/// The commit that a tree is at.
pub(super) async fn head(tree: &Path) -> Result<String, GitError> {
    git(tree).text(&["rev-parse", "--verify", "HEAD^{commit}"]).await
}

/// Commits what is not committed; whether there was something.
pub(super) async fn commit_rest(tree: &Path, message: &str) -> Result<bool, GitError> {
    let git = git(tree).within(COMMIT);
    let add: Vec<&str> = ["add", "--all", "--", ":/"].into_iter().chain(LEFT).collect();
    git.text(&add).await?;
    if git.output(&["diff", "--cached", "--quiet"]).await?.success {
        return Ok(false);
    }
    // a machine that only works for others need not know a name
    let knows_name = git.output(&["config", "user.email"]).await?.success;
    let names = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
    let own = names.into_iter().filter(|_| !knows_name);
    let git = own.fold(git, |git, name| git.variable(name, OsString::from("harness@localhost")));
    git.text(&["commit", "--quiet", "--no-verify", "--message", message]).await?;
    Ok(true)
}
