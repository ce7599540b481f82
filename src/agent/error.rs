//! What can go wrong with an agent, besides the errors of the layers below.

use std::path::PathBuf;

use super::taken_port::{TakenPort, in_use};
use crate::postgres;
use crate::project::{AgentId, InvalidAgentId};

/// An agent cannot be what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an id.
    #[error(transparent)]
    Id(#[from] InvalidAgentId),
    /// No id was given, and none follows from the surroundings.
    #[error("no agent is given")]
    Unnamed,
    /// The id is above the project's own limit.
    #[error("agent {agent} exceeds `[project] max_agents = {max}` of project `{project}`")]
    BeyondLimit {
        /// The agent.
        agent: AgentId,
        /// The project.
        project: String,
        /// Its limit.
        max: u8,
    },
    /// The engine cannot be changed while agents live on it.
    #[error("the {engine} engine of this home is in use by {}", named(agents))]
    EngineInUse {
        /// The agents.
        agents: Vec<AgentId>,
        /// The engine as it is.
        engine: &'static str,
    },
    /// The shared servers cannot be stopped while agents live on them.
    #[error("the shared servers are in use by {}", named(agents))]
    InfraInUse {
        /// The agents that would stay.
        agents: Vec<AgentId>,
        /// The commands that remove them too, one for each project.
        removal: Vec<String>,
    },
    /// Several agents share the directory.
    #[error("{} share `{}`", named(agents), directory.display())]
    Ambiguous {
        /// The agents.
        agents: Vec<AgentId>,
        /// The directory.
        directory: PathBuf,
    },
    /// There is no such agent.
    #[error("agent {0} does not exist")]
    Unknown(AgentId),
    /// There is no such agent any more.
    #[error("agent {0} does not exist: its launch failed and was undone")]
    Undone(AgentId),
    /// The id is leased to another project.
    #[error("agent {agent} belongs to project `{project}` in `{}`", root.display())]
    Leased {
        /// The agent.
        agent: AgentId,
        /// Whose it is.
        project: String,
        /// Where that project is.
        root: PathBuf,
        /// Whether that is the project here, which had another name then.
        renamed: bool,
    },
    /// The agent is another project's than the one that the command runs in.
    #[error("agent {agent} belongs to project `{project}` in `{}`, not to the project here", root.display())]
    OtherProject {
        /// The agent.
        agent: AgentId,
        /// Whose it is.
        project: String,
        /// Where that project is.
        root: PathBuf,
    },
    /// The agent's record is damaged, and nothing else tells that it is of the project that the command runs in.
    #[error("`{}` is damaged, and nothing here belongs to agent {agent}: it may be another project's", record.display())]
    OwnerUnknown {
        /// The agent.
        agent: AgentId,
        /// Its record.
        record: PathBuf,
    },
    /// Another agent has the file.
    #[error("`{}` is already rendered for agent {agent}", path.display())]
    FileTaken {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        agent: AgentId,
    },
    /// A teardown was interrupted.
    #[error("agent {0} is partly removed: its last teardown was interrupted")]
    HalfRemoved(AgentId),
    /// The directory of a launched agent is gone.
    #[error("agent {agent} cannot work: {why}")]
    TreeDeleted {
        /// The agent.
        agent: AgentId,
        /// What was deleted.
        why: String,
    },
    /// Other programs listen on ports of the agent.
    #[error("{}", in_use(*agent, taken))]
    PortsInUse {
        /// The agent.
        agent: AgentId,
        /// Every port that is in use; at least one.
        taken: Vec<TakenPort>,
    },
    /// The memory of this machine does not suffice for one more stack.
    #[error(
        "agent {agent} does not fit into memory: a stack of `{project}` has needed {} MB, {} MB are left",
        need / 1_000_000,
        left / 1_000_000
    )]
    NoRoom {
        /// The agent.
        agent: AgentId,
        /// Its project.
        project: String,
        /// What the most demanding stack of the project has needed, in bytes.
        need: u64,
        /// What is left for new stacks, in bytes.
        left: u64,
        /// Agents that run, the largest first, with what they use, in bytes.
        parkable: Vec<(AgentId, u64)>,
    },
    /// A `[prepare]` step or a `post_clone` command failed.
    #[error("{what} for {subject} failed: {ending}")]
    Command {
        /// For whom: `agent 3`.
        subject: String,
        /// Which: prepare step `install`.
        what: String,
        /// `exit status 1`.
        ending: String,
        /// Its first diagnostic, where one is recognised, and the last lines of its output.
        output: Vec<String>,
    },
    /// The stack is not healthy in time.
    #[error("agent {agent} is not healthy: {summary}")]
    Unhealthy {
        /// The agent.
        agent: AgentId,
        /// `api: failed (exit status 1)`.
        summary: String,
        /// State, reason and last log lines of each unhealthy process.
        evidence: Vec<String>,
    },
    /// A process does not exist.
    #[error("agent {agent} has no process `{name}`")]
    UnknownProcess {
        /// The agent.
        agent: AgentId,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A port does not exist.
    #[error("agent {agent} has no port `{name}`")]
    UnknownPort {
        /// The agent.
        agent: AgentId,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A shared server does not exist.
    #[error("there is no shared server `{name}`")]
    UnknownService {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A program is not on the agent's PATH.
    #[error("there is no program `{program}` on the PATH of agent {agent}")]
    NoProgram {
        /// The agent.
        agent: AgentId,
        /// What was to be run.
        program: String,
    },
    /// The stack does not run.
    #[error("agent {0} is not running")]
    NotRunning(AgentId),
    /// No process of the agent runs, so that there is nothing to wake either.
    #[error("agent {0} has no process to park")]
    NothingToPark(AgentId),
    /// Something of the agent could not be removed.
    #[error("cannot remove all of agent {agent}; left: {left}")]
    Left {
        /// The agent.
        agent: AgentId,
        /// What.
        left: String,
    },
    /// The agent has no such thing.
    #[error("agent {agent} has no {what}")]
    Without {
        /// The agent.
        agent: AgentId,
        /// `database`.
        what: &'static str,
    },
    /// A command of `post_clone` failed.
    #[error(transparent)]
    PostClone(postgres::Error),
    /// The server that held the agent's database is gone.
    #[error("the database of agent {0} was lost with its server")]
    DatabaseLost(AgentId),
    /// The infra is not set up.
    #[error("the shared servers are not set up in this home")]
    NoInfra,
    /// The project says that it needs no database.
    #[error("project `{0}` has no database")]
    NoDatabase(String),
    /// `serve` has no gateway.
    #[error("this home has no gateway")]
    NoGateway,
    /// SIGINT or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether what was meant does not exist.
    pub fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Unknown(_)
                | Self::Undone(_)
                | Self::Without { .. }
                | Self::UnknownProcess { .. }
                | Self::UnknownPort { .. }
                | Self::UnknownService { .. }
        )
    }

    /// Whether the agent that was meant is unknown, or its stack is not up: nothing that a tree or a configuration
    /// could mend.
    pub fn is_about_the_stack(&self) -> bool {
        matches!(
            self,
            Self::Id(_)
                | Self::Unnamed
                | Self::BeyondLimit { .. }
                | Self::Ambiguous { .. }
                | Self::Unknown(_)
                | Self::Undone(_)
                | Self::Leased { .. }
                | Self::HalfRemoved(_)
                | Self::Without { .. }
                | Self::Unhealthy { .. }
                | Self::NotRunning(_)
                | Self::NothingToPark(_)
        )
    }
}

/// `agent 1`, `agents 1, 2`.
fn named(agents: &[AgentId]) -> String {
    let noun = if agents.len() == 1 { "agent" } else { "agents" };
    format!("{noun} {}", joined(agents, ", "))
}

pub(super) fn joined(agents: &[AgentId], separator: &str) -> String {
    agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}
