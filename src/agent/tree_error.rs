//! An agent cannot live in the tree that a command asks for.

use std::path::PathBuf;

use crate::project::AgentId;
use crate::report::{Diagnostic, Kind};

/// Why an agent and a tree do not come together.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Another agent works there.
    #[error("`{}` is inside the work tree of agent {agent}", path.display())]
    Taken {
        /// Where the work tree should be.
        path: PathBuf,
        /// Whose it is.
        agent: AgentId,
    },
    /// An agent lives in the tree.
    #[error("agent {agent} works in `{}`", path.display())]
    InUse {
        /// The tree.
        path: PathBuf,
        /// Whose it is.
        agent: AgentId,
    },
    /// An agent's tree, which somebody else made, is gone.
    #[error("the tree of agent {agent}, `{}`, is gone", path.display())]
    Gone {
        /// The agent.
        agent: AgentId,
        /// Where it was.
        path: PathBuf,
    },
    /// A launch asks for another tree than the one that the agent has.
    #[error("agent {agent} works in `{}`, which is {}", tree.display(), if *own { "the project's root" } else { "its own work tree" })]
    OtherTree {
        /// The agent.
        agent: AgentId,
        /// Where it works.
        tree: PathBuf,
        /// Whether a work tree of its own was asked for.
        own: bool,
    },
    /// A launch asks for another branch than that of the agent's tree.
    #[error("agent {agent} works in `{}`, which is {}, not on branch `{wished}`", tree.display(), on(current.as_deref()))]
    OtherBranch {
        /// The agent.
        agent: AgentId,
        /// Its tree.
        tree: PathBuf,
        /// The branch there.
        current: Option<String>,
        /// The branch that was asked for.
        wished: String,
    },
    /// The tree is one that is kept for an agent to come.
    #[error("`{}` is a spare work tree, which the next agent takes over", .0.display())]
    Spare(PathBuf),
    /// Every id is taken, or its ports are.
    #[error("no id from 1 to {max} is free for project `{project}`")]
    NoneFree {
        /// The project.
        project: String,
        /// Its limit.
        max: u8,
        /// The ids that agents have.
        taken: Vec<AgentId>,
    },
}

fn on(branch: Option<&str>) -> String {
    branch.map_or_else(|| "on no branch".to_owned(), |branch| format!("on branch `{branch}`"))
}

impl Diagnostic for TreeError {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "worktree.taken",
            Self::InUse { .. } => "worktree.in_use",
            Self::Gone { .. } => "worktree.gone",
            Self::OtherTree { .. } => "agent.other_tree",
            Self::OtherBranch { .. } => "agent.other_branch",
            Self::Spare(_) => "worktree.spare",
            Self::NoneFree { .. } => "agent.none_free",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Taken { .. } => "add `{{ id }}` to `[worktree] path`, so that each agent gets its own".into(),
            Self::InUse { agent, .. } => {
                format!("run `harness launch` there without an id, or `harness teardown {agent}` first")
            }
            Self::Gone { agent, .. } => {
                format!("bring the tree back, or run `harness teardown {agent}` and launch where it is now")
            }
            Self::OtherTree { agent, own, .. } => {
                let option = if *own { "--worktree" } else { "--no-worktree" };
                format!("run `harness teardown {agent}`, then `harness launch {agent} {option}`")
            }
            Self::OtherBranch { agent, .. } => format!(
                "switch the branch in that tree yourself, or run `harness launch --branch` without an id in the main \
                 checkout for another agent, or `harness teardown {agent}` first"
            ),
            Self::Spare(_) => "run `harness launch --worktree` in the main checkout".into(),
            Self::NoneFree { taken, .. } if taken.is_empty() => {
                "other programs listen on ports of each of them: change the bases in `[ports]`, or increase \
                 `max_agents`"
                    .into()
            }
            Self::NoneFree { .. } => {
                "see `harness status`; tear down an agent that is not needed, or increase `max_agents`".into()
            }
        })
    }
}
