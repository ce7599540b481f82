//! Whose belongings are looked for, and what a look returns.

use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;

use crate::agent::{Context, Record, worktree};
use crate::infra::Infra;
use crate::project::AgentId;
use crate::report::Removed;

/// An agent as its belongings see it.
#[derive(Debug)]
pub(in crate::agent) struct Owner<'a> {
    pub(in crate::agent) context: &'a Context,
    /// The shared servers; `None` where they are not set up.
    pub(in crate::agent) infra: Option<&'a Infra>,
    pub(in crate::agent) agent: AgentId,
    /// `None` where it has none, or none that can be read.
    pub(in crate::agent) record: Option<&'a Record>,
    /// Whether work that exists nowhere else may be lost, and what is on a server that is gone forgotten.
    pub(in crate::agent) force: bool,
    /// Whether its logs stay: they say why a launch failed that is undone.
    pub(in crate::agent) keeps_logs: bool,
    /// Whether the record is put together from what exists.
    pub(in crate::agent) is_damaged: bool,
    loss: OnceCell<worktree::Loss>,
}

impl<'a> Owner<'a> {
    /// The agent, before anything was looked for.
    pub(in crate::agent) fn new(
        context: &'a Context,
        infra: Option<&'a Infra>,
        agent: AgentId,
        record: Option<&'a Record>,
        force: bool,
    ) -> Self {
        Self { context, infra, agent, record, force, keeps_logs: false, is_damaged: false, loss: OnceCell::new() }
    }

    /// The agent's directory in the home.
    pub(super) fn directory(&self) -> PathBuf {
        self.context.home.stack_dir(self.agent.stack())
    }

    /// Whether it may have things on a server: an agent without a record may have anything there.
    pub(super) fn may_be_on_servers(&self) -> bool {
        self.record.is_none_or(|record| record.used_servers)
    }

    /// The files that were rendered for it, guides included.
    pub(super) fn rendered(&self) -> Vec<PathBuf> {
        self.record.iter().flat_map(|record| record.rendered.iter().chain(&record.guides)).cloned().collect()
    }

    /// What would be lost with its work tree. git is asked once.
    pub(super) async fn loss(&self) -> Result<&worktree::Loss, worktree::Error> {
        let look = || async {
            match self.record.and_then(|record| Some((record, record.worktree.as_ref()?))) {
                Some((record, tree)) => worktree::loss(&record.project_root, tree, &self.rendered()).await,
                None => Ok(worktree::Loss::default()),
            }
        };
        self.loss.get_or_try_init(look).await
    }

    /// The project's root, where there still is one.
    pub(super) fn root(&self) -> Option<&'a Path> {
        self.record.map(|record| record.project_root.as_path()).filter(|root| root.is_dir())
    }
}

/// What there is of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::agent) struct Found {
    /// The agent's: removed by a teardown.
    pub(in crate::agent) own: Vec<Removed>,
    /// What has its name and does not carry this home's id; it is left alone.
    pub(in crate::agent) foreign: Vec<Removed>,
    /// The agent's, on a server that is not set up any more: it can neither be looked for nor removed.
    pub(in crate::agent) unreachable: Vec<Removed>,
}

impl Found {
    /// Only what is the agent's.
    pub(super) fn own(own: Vec<Removed>) -> Self {
        Self { own, ..Self::default() }
    }
}

/// The result of a removal, apart from what was found before it.
#[derive(Debug, Default)]
pub(in crate::agent) struct Rest {
    /// Appeared since, and was removed too.
    pub(in crate::agent) more: Vec<Removed>,
    /// Still there.
    pub(in crate::agent) left: Vec<Removed>,
}

/// Why something is listed as unreachable.
pub(super) const NO_SERVER: &str =
    "its server is not set up any more: run `harness setup` first, or use `--force` to forget it";
