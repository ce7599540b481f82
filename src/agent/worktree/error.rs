//! What can go wrong with an agent's work tree.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};
use crate::system::{self, GitError};

/// A work tree cannot be what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// git cannot be started, failed, or did not end.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The project is not in a git repository.
    #[error("`{}` is not in a git repository, which `[worktree]` needs", .0.display())]
    NoRepository(PathBuf),
    /// The repository has no commit that a work tree could start from.
    #[error("the repository of `{}` has no commit yet", .0.display())]
    NoCommit(PathBuf),
    /// git does not allow the branch's name.
    #[error("`{0}` is not a valid name for a branch")]
    BranchName(String),
    /// There is something else at the path.
    #[error("`{}` exists and is not a work tree of this repository", .0.display())]
    Occupied(PathBuf),
    /// The repository has a work tree of that path that is not there at present.
    #[error("`{}` is registered as a work tree of this repository that harness did not make, and is not there", .0.display())]
    Away(PathBuf),
    /// The branch is in use by another work tree.
    #[error("branch `{branch}` is checked out in `{}`", path.display())]
    BranchInUse {
        /// The branch.
        branch: String,
        /// Where it is checked out.
        path: PathBuf,
    },
    /// A branch of that name holds work.
    #[error("branch `{branch}` has {commits} that the project's HEAD does not have")]
    BranchHasWork {
        /// The branch.
        branch: String,
        /// `2 commits`.
        commits: String,
    },
    /// Removing the work tree would lose work.
    #[error("work tree `{}` has unsaved work: {}", path.display(), lost.join(", "))]
    WouldLose {
        /// The work tree.
        path: PathBuf,
        /// What.
        lost: Vec<String>,
    },
    /// A person locked the work tree.
    #[error("work tree `{}` is locked{}", path.display(), because(reason))]
    Locked {
        /// The work tree.
        path: PathBuf,
        /// The reason that was given to `git worktree lock`; may be empty.
        reason: String,
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

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Git(error) => error.kind(),
            Self::Run(_) | Self::Copy { .. } => Kind::Environment,
            Self::NoRepository(_) | Self::NoCommit(_) | Self::BranchName(_) => Kind::Configuration,
            Self::Occupied(_)
            | Self::Away(_)
            | Self::BranchInUse { .. }
            | Self::BranchHasWork { .. }
            | Self::WouldLose { .. }
            | Self::Locked { .. } => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Git(error) => error.code(),
            Self::NoRepository(_) => "worktree.no_repository",
            Self::NoCommit(_) => "worktree.no_commit",
            Self::BranchName(_) => "worktree.branch_name",
            Self::Occupied(_) => "worktree.occupied",
            Self::Away(_) => "worktree.away",
            Self::BranchInUse { .. } => "worktree.branch_in_use",
            Self::BranchHasWork { .. } => "worktree.branch_has_work",
            Self::WouldLose { .. } => "worktree.would_lose",
            Self::Locked { .. } => "worktree.locked",
            Self::Run(error) => error.code(),
            Self::Copy { .. } => "worktree.copy",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.hint(),
            Self::NoRepository(_) => Some("run `git init` and commit, or remove `[worktree]`".into()),
            Self::NoCommit(root) => {
                Some(format!("commit first: `git -C {} add -A`, then `git commit`", root.display()))
            }
            Self::BranchName(_) => Some("change `[worktree] branch`, or pass one with `--branch`".into()),
            Self::Occupied(_) => Some("move it elsewhere, or change `[worktree] path`".into()),
            Self::Away(path) => Some(format!(
                "bring it back, change `[worktree] path`, or give it up with `git worktree remove --force {}`",
                path.display()
            )),
            Self::BranchInUse { .. } => Some("pass another with `--branch`".into()),
            Self::BranchHasWork { branch, .. } => {
                Some(format!("use it with `--branch {branch}`, or delete it with `git branch -D {branch}`"))
            }
            Self::WouldLose { path, .. } => {
                Some(format!("commit and push in `{}`, or discard it with `--force`", path.display()))
            }
            Self::Locked { path, .. } => {
                Some(format!("run `git worktree unlock {}`, or discard it with `--force`", path.display()))
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
