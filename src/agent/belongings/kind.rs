//! The kinds of belongings, in the order in which they are removed.

use super::owner::{Found, Owner, Rest};
use super::{bucket, database, exclude, files, mail, prepared, processes, state, stores, work_tree};
use crate::report::{Failure, Removed};

/// A kind of thing that an agent owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Kind {
    /// The processes of its stack, and those that were started in its tree.
    Processes,
    /// Databases, snapshots included, and roles.
    Database,
    /// Its copies of stores, snapshots included.
    Stores,
    /// Its bucket and the key to it.
    Bucket,
    /// The mail with its tag.
    Mail,
    /// The rendered files, guides included.
    Files,
    /// The lines that keep those files and the work tree out of git.
    Exclude,
    /// The work tree that was made for it.
    WorkTree,
    /// The branch that was made for that work tree.
    Branch,
    /// What is remembered of `[prepare]` in that work tree.
    Prepared,
    /// Its directory in the home: record, journal, logs.
    State,
}

impl Kind {
    /// All of them. Processes go first, since they use everything else, the record last.
    pub(in crate::agent) const ALL: [Self; 11] = [
        Self::Processes,
        Self::Database,
        Self::Stores,
        Self::Bucket,
        Self::Mail,
        Self::Files,
        Self::WorkTree,
        Self::Branch,
        Self::Exclude,
        Self::Prepared,
        Self::State,
    ];

    /// What the journal calls the step that removes it.
    pub(in crate::agent) fn step(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Database => "database",
            Self::Stores => "stores",
            Self::Bucket => "bucket",
            Self::Mail => "mail",
            Self::Files => "files",
            Self::Exclude => "exclude",
            Self::WorkTree => "worktree",
            Self::Branch => "branch",
            Self::Prepared => "prepared",
            Self::State => "state",
        }
    }

    /// Looks for it. Changes nothing and starts nothing.
    ///
    /// # Errors
    /// What has to be asked does not answer.
    pub(in crate::agent) async fn find(self, owner: &Owner<'_>) -> Result<Found, Failure> {
        match self {
            Self::Processes => processes::find(owner).await,
            Self::Database => database::find(owner).await,
            Self::Stores => stores::find(owner).await,
            Self::Bucket => bucket::find(owner),
            Self::Mail => mail::find(owner).await,
            Self::Files => Ok(files::find(owner)),
            Self::Exclude => exclude::find(owner),
            Self::WorkTree => work_tree::find(owner).await,
            Self::Branch => work_tree::find_branch(owner).await,
            Self::Prepared => Ok(prepared::find(owner)),
            Self::State => Ok(state::find(owner)),
        }
    }

    /// What of it must be there by the record, for when it cannot be looked for; `why` says why not.
    pub(super) fn recorded(self, owner: &Owner<'_>, why: &str) -> Vec<Removed> {
        match self {
            Self::Database => database::recorded(owner, why),
            Self::Bucket => bucket::recorded(owner, why),
            Self::Mail => mail::recorded(owner, why),
            Self::WorkTree => work_tree::recorded(owner, why),
            Self::Branch
            | Self::Processes
            | Self::Stores
            | Self::Files
            | Self::Exclude
            | Self::Prepared
            | Self::State => Vec::new(),
        }
    }

    /// Removes what was found. Returns what it removed besides, and what is still there.
    ///
    /// # Errors
    /// It could not be removed; what was found counts as still there.
    pub(in crate::agent) async fn remove(self, owner: &Owner<'_>, found: &[Removed]) -> Result<Rest, Failure> {
        // processes may have appeared since, and a command that looks makes its own lock
        if found.is_empty() && !matches!(self, Self::Processes | Self::State) {
            return Ok(Rest::default());
        }
        match self {
            Self::Processes => processes::remove(owner, found).await,
            Self::Database => database::remove(owner, found).await,
            Self::Stores => stores::remove(owner).await.map(|()| Rest::default()),
            Self::Bucket => bucket::remove(owner).await.map(|()| Rest::default()),
            Self::Mail => mail::remove(owner).await.map(|()| Rest::default()),
            Self::Files => files::remove(owner).map(|()| Rest::default()),
            Self::Exclude => exclude::remove(owner).map(|()| Rest::default()),
            Self::WorkTree => work_tree::remove(owner).await.map(|()| Rest::default()),
            Self::Branch => work_tree::remove_branch(owner, found).await.map(|()| Rest::default()),
            Self::Prepared => prepared::remove(owner).map(|()| Rest::default()),
            Self::State => state::remove(owner).map(|()| Rest::default()),
        }
    }
}
