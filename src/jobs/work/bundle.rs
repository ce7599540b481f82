//! Commits on their way into a container and back: bundles, which hold history and no settings of a repository.

use std::path::{Path, PathBuf};

use super::repository::{COMMIT, Repository, TRANSFER, git};
use crate::system::GitError;

/// Settings of the user that a repository in a container gets.
const IDENTITY: [&str; 2] = ["user.name", "user.email"];

impl Repository {
    /// Writes the history of these refs to a file.
    pub(super) async fn bundle(&self, file: &Path, refs: &[String]) -> Result<(), GitError> {
        let file = file.to_string_lossy();
        let arguments = ["bundle", "create", "--quiet", &file].into_iter().chain(refs.iter().map(String::as_str));
        let arguments: Vec<&str> = arguments.collect();
        git(&self.path).within(TRANSFER).text(&arguments).await.map(drop)
    }

    /// The file that says where history begins, in a checkout without all of it.
    pub(super) async fn shallow(&self) -> Result<Option<PathBuf>, GitError> {
        let file = git(&self.path).text(&["rev-parse", "--git-path", "shallow"]).await?;
        Ok(Some(self.path.join(file)).filter(|path| path.is_file()))
    }

    /// Who commits here, as settings.
    pub(super) async fn identity(&self) -> Result<Vec<(String, String)>, GitError> {
        let mut found = Vec::new();
        for name in IDENTITY {
            let output = git(&self.path).output(&["config", name]).await?;
            if output.success {
                found.push((name.to_owned(), output.text()));
            }
        }
        Ok(found)
    }

    /// Takes a bundle's commits over as a branch, which is checked out nowhere; its commit.
    pub(super) async fn take_bundle(&self, file: &Path, name: &str, branch: &str) -> Result<String, GitError> {
        let (file, to) = (file.to_string_lossy(), format!("refs/heads/{branch}"));
        let spec = format!("+{name}:{to}");
        // whoever made it may have made it by hand
        let git = git(&self.path).within(TRANSFER).set("fetch.fsckObjects=true");
        git.text(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", &file, &spec]).await?;
        self.commit_of(&to).await
    }

    /// A new checkout at `path`, out of a bundle: at `base`, on a branch of that name.
    pub(super) async fn unpack(
        path: &Path,
        bundle: &Path,
        shallow: Option<&Path>,
        base: (&str, &str),
        identity: &[(String, String)],
    ) -> Result<(), GitError> {
        let (branch, commit) = base;
        let around = path.parent().unwrap_or(path);
        git(around).text(&["init", "--quiet", "--initial-branch", branch, &path.to_string_lossy()]).await?;
        let git = git(path).within(TRANSFER);
        if let Some(shallow) = shallow {
            // a missing file is what git says of the history then
            let _ = std::fs::copy(shallow, path.join(".git/shallow"));
        }
        for (name, value) in identity {
            git.text(&["config", name, value]).await?;
        }
        git.text(&["fetch", "--quiet", "--no-tags", &bundle.to_string_lossy(), "+refs/*:refs/handed/*"]).await?;
        git.text(&["reset", "--quiet", "--hard", commit]).await.map(drop)
    }

    /// Writes what comes after `start` up to a commit, under a name.
    pub(super) async fn bundle_work(&self, file: &Path, name: &str, start: &str, commit: &str) -> Result<(), GitError> {
        let git = git(&self.path).within(COMMIT);
        git.text(&["update-ref", name, commit]).await?;
        let (file, without) = (file.to_string_lossy(), format!("^{start}"));
        git.text(&["bundle", "create", "--quiet", &file, name, &without]).await.map(drop)
    }
}
