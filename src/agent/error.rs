//! What can go wrong with an agent, besides the errors of the layers below.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::taken_port::{TakenPort, holder_text, in_use};
use crate::postgres;
use crate::project::{AgentId, InvalidAgentId};
use crate::report::{Diagnostic, Kind};

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
    /// A `[prepare]` step or a `post_clone` command failed.
    #[error("{what} for {subject} failed: {ending}")]
    Command {
        /// For whom: `agent 3`.
        subject: String,
        /// Which: prepare step `install`.
        what: String,
        /// `exit status 1`.
        ending: String,
        /// The last lines of its output.
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
    /// The command runs in a sandbox that hides the shared servers' part of the home.
    #[error("only directories of agents can be seen of the home `{}`, and this command needs all of it", home.display())]
    PartialHome {
        /// The home.
        home: PathBuf,
    },
    /// SIGINT or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
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
                | Self::Leased { .. }
                | Self::HalfRemoved(_)
                | Self::Without { .. }
                | Self::Unhealthy { .. }
                | Self::NotRunning(_)
        )
    }
}

/// `agent 1`, `agents 1, 2`.
fn named(agents: &[AgentId]) -> String {
    let noun = if agents.len() == 1 { "agent" } else { "agents" };
    format!("{noun} {}", joined(agents, ", "))
}

fn joined(agents: &[AgentId], separator: &str) -> String {
    agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Id(_) | Self::Unnamed | Self::Ambiguous { .. } => Kind::Usage,
            Self::BeyondLimit { .. } => Kind::Configuration,
            Self::PostClone(source) => source.kind(),
            Self::Unknown(_)
            | Self::EngineInUse { .. }
            | Self::InfraInUse { .. }
            | Self::Leased { .. }
            | Self::OtherProject { .. }
            | Self::FileTaken { .. }
            | Self::HalfRemoved(_)
            | Self::TreeDeleted { .. }
            | Self::PortsInUse { .. }
            | Self::UnknownProcess { .. }
            | Self::UnknownPort { .. }
            | Self::UnknownService { .. }
            | Self::NoProgram { .. }
            | Self::NotRunning(_)
            | Self::Without { .. }
            | Self::DatabaseLost(_)
            | Self::Left { .. } => Kind::Conflict,
            Self::Command { .. } | Self::Unhealthy { .. } => Kind::CheckFailed,
            Self::NoInfra | Self::PartialHome { .. } => Kind::Environment,
            Self::Interrupted => Kind::Interrupted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Id(_) => "agent.invalid_id",
            Self::Unnamed => "agent.unnamed",
            Self::BeyondLimit { .. } => "agent.beyond_limit",
            Self::Ambiguous { .. } => "agent.ambiguous",
            Self::Unknown(_) => "agent.unknown",
            Self::EngineInUse { .. } => "engine.in_use",
            Self::InfraInUse { .. } => "infra.in_use",
            Self::Leased { .. } => "agent.leased",
            Self::FileTaken { .. } => "render.taken",
            Self::HalfRemoved(_) => "agent.half_removed",
            Self::OtherProject { .. } => "agent.other_project",
            Self::TreeDeleted { .. } => "agent.tree_deleted",
            Self::PortsInUse { .. } => "port.in_use",
            Self::Command { .. } => "command.failed",
            Self::Unhealthy { .. } => "stack.unhealthy",
            Self::UnknownProcess { .. } => "process.unknown",
            Self::UnknownPort { .. } => "port.unknown",
            Self::UnknownService { .. } => "service.unknown",
            Self::NoProgram { .. } => "program.missing",
            Self::NotRunning(_) => "stack.not_running",
            Self::Left { .. } => "teardown.left",
            Self::Without { .. } => "agent.without",
            Self::PostClone(_) => "post_clone.failed",
            Self::DatabaseLost(_) => "database.lost",
            Self::NoInfra => "infra.absent",
            Self::PartialHome { .. } => "home.partial",
            Self::Interrupted => "interrupted",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unnamed => "pass its id after the verb, set AGENT_ID, or run the command in its work tree; `harness launch` gives this tree \
                 an agent"
                    .into(),
            Self::BeyondLimit { .. } => "increase `max_agents`, or use a smaller id".into(),
            Self::EngineInUse { agents, .. } => format!(
                "their data does not move to another engine: save what you need, run `harness teardown {}`, then run \
                 this command again",
                joined(agents, " ")
            ),
            Self::InfraInUse { removal, .. } => {
                format!("run {}, or pass `--force` to stop the servers anyway", removal.join(", then "))
            }
            Self::Ambiguous { .. } => "pass one of the ids, or set AGENT_ID".into(),
            Self::Unknown(agent) => format!("run `harness launch {agent}`, or list the agents with `harness status`"),
            Self::Leased { agent, renamed: true, .. } => {
                format!("the project was renamed: run `harness teardown {agent}`, then run this command again")
            }
            Self::Leased { agent, root, .. } if root.is_dir() => {
                format!("choose another id, or run `harness -C {} teardown {agent}`", root.display())
            }
            Self::Leased { agent, .. } => {
                format!("that project is gone: run `harness teardown {agent} --force`, or choose another id")
            }
            Self::OtherProject { root, .. } if root.is_dir() => {
                format!("if you mean that agent, run this command with `-C {}` or with `--force`", root.display())
            }
            Self::OtherProject { .. } => "that project is gone: run this command with `--force`".into(),
            Self::FileTaken { .. } => {
                "agents share the directory: add `{{ id }}` to the file's name in `[render]`, or give each agent its own \
                 tree with `[worktree]`"
                    .into()
            }
            Self::HalfRemoved(agent) => {
                format!("run `harness launch {agent}` for a new one, or `harness teardown {agent}` to finish")
            }
            Self::TreeDeleted { agent, .. } => format!("run `harness teardown {agent}`, then `harness launch {agent}`"),
            Self::PortsInUse { taken, .. } => {
                let pids: BTreeSet<u32> = taken.iter().filter_map(|taken| taken.holder.as_ref()?.pid).collect();
                let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
                let kill = if pids.is_empty() { String::new() } else { format!(" (`kill {}`)", pids.join(" ")) };
                let it = if taken.len() == 1 { "that process" } else { "those processes" };
                format!("stop {it}{kill}, use another agent id, or change the bases in `[ports]`")
            }
            Self::Unhealthy { agent, .. } => format!("run `harness logs {agent}` or `harness status {agent}`"),
            Self::UnknownProcess { known, .. } => format!("its processes are: {}", known.join(", ")),
            Self::UnknownPort { known, .. } => format!("its ports are: {}", known.join(", ")),
            Self::UnknownService { known, .. } if known.is_empty() => "this home has none: all are disabled".into(),
            Self::UnknownService { known, .. } => format!("there are: {}", known.join(", ")),
            Self::NoProgram { program, .. } if program == "psql" => {
                "install it (Debian, Ubuntu: `apt-get install postgresql-client`), or give the query: \
                 `harness psql 'select 1'`"
                    .into()
            }
            Self::NoProgram { .. } => "install it, or pass its path".into(),
            Self::NotRunning(agent) => format!("run `harness launch {agent}`"),
            Self::Left { agent, .. } => format!("run `harness teardown {agent}` again"),
            Self::DatabaseLost(agent) => format!("run `harness launch {agent} --reset-db` for a new one"),
            Self::NoInfra => "run `harness setup`".into(),
            Self::PartialHome { .. } => "run it outside the sandbox; docs/sandboxes.md lists what works inside".into(),
            Self::PostClone(source) => return source.hint(),
            Self::Without { agent, what: "database" } => format!(
                "remove `disabled = true` from `[database]` and `[infra.postgres]`, then run `harness launch {agent}`"
            ),
            Self::Without { .. } => "add a port to `[ports]`".into(),
            Self::Id(_) | Self::Command { .. } | Self::Interrupted => return None,
        })
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::PostClone(source) => source.details(),
            Self::Command { output, .. } => output.clone(),
            Self::Unhealthy { evidence, .. } => evidence.clone(),
            Self::PortsInUse { taken, .. } if taken.len() > 1 => {
                let line = |taken: &TakenPort| {
                    format!("port {} (`{}`): {}", taken.port, taken.name, holder_text(taken.holder.as_ref()))
                };
                taken.iter().map(line).collect()
            }
            _ => Vec::new(),
        }
    }
}
