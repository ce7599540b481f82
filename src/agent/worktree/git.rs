//! What can go wrong with a work tree, and the questions to git that several steps ask.

use std::path::{Path, PathBuf};

use crate::report::{Diagnostic, Kind};
use crate::system::text::count;
use crate::system::{self, Git, GitError};

/// A work tree cannot be what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git cannot be started, failed, or did not end.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The project is not in a git repository.
    #[error("`{}` is not in a git repository, which `[worktree]` needs", .0.display())]
    NoRepository(PathBuf),
    /// There is something else at the path.
    #[error("`{}` exists and is not a work tree of this repository", .0.display())]
    Occupied(PathBuf),
    /// The branch is in use by another work tree.
    #[error("branch `{branch}` is checked out in `{}`", path.display())]
    BranchInUse {
        /// The branch.
        branch: String,
        /// Where it is checked out.
        path: PathBuf,
    },
    /// A branch of that name holds work.
    #[error("branch `{branch}` has {} that the project's HEAD does not have", count(*commits, "commit"))]
    BranchHasWork {
        /// The branch.
        branch: String,
        /// How many.
        commits: usize,
    },
    /// Removing the work tree would lose work.
    #[error("work tree `{}` has unsaved work: {}", path.display(), lost.join(", "))]
    WouldLose {
        /// The work tree.
        path: PathBuf,
        /// What.
        lost: Vec<String>,
    },
    /// A program cannot be run.
    #[error(transparent)]
    Run(#[from] system::Error),
    /// A file could not be copied into the work tree.
    #[error("cannot copy `{name}` into work tree `{}`", tree.display())]
    Copy {
        /// What.
        name: String,
        /// Where to.
        tree: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Git(error) => error.kind(),
            Self::Run(_) | Self::Copy { .. } => Kind::Environment,
            Self::NoRepository(_) => Kind::Configuration,
            Self::Occupied(_) | Self::BranchInUse { .. } | Self::BranchHasWork { .. } | Self::WouldLose { .. } => {
                Kind::Conflict
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Git(error) => error.code(),
            Self::NoRepository(_) => "worktree.no_repository",
            Self::Occupied(_) => "worktree.occupied",
            Self::BranchInUse { .. } => "worktree.branch_in_use",
            Self::BranchHasWork { .. } => "worktree.branch_has_work",
            Self::WouldLose { .. } => "worktree.would_lose",
            Self::Run(error) => error.code(),
            Self::Copy { .. } => "worktree.copy",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.hint(),
            Self::NoRepository(_) => Some("run `git init` and commit, or remove `[worktree]`".into()),
            Self::Occupied(_) => Some("move it elsewhere, or change `[worktree] path`".into()),
            Self::BranchInUse { .. } => Some("pass another with `--branch`".into()),
            Self::BranchHasWork { branch, .. } => {
                Some(format!("use it with `--branch {branch}`, or delete it with `git branch -D {branch}`"))
            }
            Self::WouldLose { path, .. } => {
                Some(format!("commit and push in `{}`, or discard it with `--force`", path.display()))
            }
            Self::Run(error) => error.hint(),
            Self::Copy { .. } => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

/// Asks git about `directory`; returns its standard output without the last line break.
pub(super) async fn ask(directory: &Path, arguments: &[&str]) -> Result<String, Error> {
    Ok(Git::asking(directory).text(arguments).await?)
}

/// Has git change the repository of `directory`.
pub(super) async fn act(directory: &Path, arguments: &[&str]) -> Result<String, Error> {
    Ok(Git::acting(directory).text(arguments).await?)
}

/// Where a directory stands in its repository.
#[derive(Debug)]
pub(super) struct Standing {
    /// What all work trees of the repository share.
    pub(super) common: PathBuf,
    /// The top of the directory's own work tree.
    pub(super) top: PathBuf,
    /// From there to the directory; empty at the top.
    pub(super) below: PathBuf,
}

impl Standing {
    /// Asks git; `None` outside a work tree.
    pub(super) async fn of(directory: &Path) -> Result<Option<Self>, Error> {
        let asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel", "--show-prefix"];
        let answer = match ask(directory, &asked).await {
            Ok(answer) => answer,
            Err(Error::Git(error)) if error.is_no_repository() => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut lines = answer.lines();
        let (Some(common), Some(top)) = (lines.next(), lines.next()) else { return Ok(None) };
        let below = lines.next().unwrap_or_default();
        Ok(Some(Self { common: common.into(), top: top.into(), below: below.into() }))
    }
}

/// The commits of `revision` that neither a remote nor another branch has.
pub(super) async fn unique_commits(directory: &Path, revision: &str, branch: Option<&str>) -> Result<usize, Error> {
    let exclude = branch.map(|branch| format!("--exclude={branch}"));
    let mut arguments = vec!["rev-list", "--count", revision, "--not", "--remotes", "--tags"];
    arguments.extend(exclude.as_deref());
    arguments.push("--branches");
    Ok(ask(directory, &arguments).await?.parse().unwrap_or(0))
}
