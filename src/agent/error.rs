//! What can go wrong with an agent, beyond what the floors below report.

use std::path::PathBuf;

use crate::postgres;
use crate::project::{AgentId, InvalidAgentId};
use crate::report::{Diagnostic, Kind};
use crate::system::PortHolder;

/// An agent cannot be what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an id.
    #[error(transparent)]
    Id(#[from] InvalidAgentId),
    /// No id was given, and none follows from the surroundings.
    #[error("no agent was named")]
    Unnamed,
    /// The id is above the project's own limit.
    #[error("agent {agent} is beyond `[project] max_agents = {max}` of project `{project}`")]
    BeyondLimit {
        /// The agent.
        agent: AgentId,
        /// The project.
        project: String,
        /// Its limit.
        max: u8,
    },
    /// The engine cannot be changed while agents live on it.
    #[error("agents {} live on the {engine} engine of this home", list(agents))]
    EngineInUse {
        /// The agents.
        agents: Vec<AgentId>,
        /// The engine as it is.
        engine: &'static str,
    },
    /// The shared servers cannot be stopped while agents live on them.
    #[error("agents {} live on the shared servers", list(agents))]
    InfraInUse {
        /// The agents that would stay.
        agents: Vec<AgentId>,
        /// Whether their data was to go too.
        volumes: bool,
    },
    /// Several agents share the directory.
    #[error("agents {} share `{}`", list(agents), directory.display())]
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
    },
    /// Another agent works there.
    #[error("`{}` is in the work tree of agent {agent}", path.display())]
    TreeTaken {
        /// Where the work tree should be.
        path: PathBuf,
        /// Whose it is.
        agent: AgentId,
    },
    /// Another agent has the file.
    #[error("`{}` is rendered for agent {agent}", path.display())]
    FileTaken {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        agent: AgentId,
    },
    /// A teardown was cut off.
    #[error("agent {0} is half removed: its last teardown did not end")]
    HalfRemoved(AgentId),
    /// A port of the agent is taken.
    #[error("port {port} (`{name}` of agent {agent}) is in use by {}", holder_text(holder.as_ref()))]
    PortInUse {
        /// The agent.
        agent: AgentId,
        /// The port's name.
        name: String,
        /// The port.
        port: u16,
        /// Who listens on it.
        holder: Option<PortHolder>,
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
        /// State, reason and last log lines of each process that is not well.
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
    #[error("something of agent {agent} is left: {left}")]
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

fn list(agents: &[AgentId]) -> String {
    agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn holder_text(holder: Option<&PortHolder>) -> String {
    match holder {
        Some(PortHolder { pid: Some(pid), command }) => format!("pid {pid} (`{command}`)"),
        Some(PortHolder { pid: None, .. }) => "a process that this user cannot see".to_owned(),
        None => "a process that is gone by now".to_owned(),
    }
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
            | Self::TreeTaken { .. }
            | Self::FileTaken { .. }
            | Self::HalfRemoved(_)
            | Self::PortInUse { .. }
            | Self::UnknownProcess { .. }
            | Self::UnknownPort { .. }
            | Self::UnknownService { .. }
            | Self::NoProgram { .. }
            | Self::NotRunning(_)
            | Self::Without { .. }
            | Self::DatabaseLost(_)
            | Self::Left { .. } => Kind::Conflict,
            Self::Command { .. } | Self::Unhealthy { .. } => Kind::CheckFailed,
            Self::NoInfra => Kind::Environment,
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
            Self::TreeTaken { .. } => "worktree.taken",
            Self::FileTaken { .. } => "render.taken",
            Self::HalfRemoved(_) => "agent.half_removed",
            Self::PortInUse { .. } => "port.in_use",
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
            Self::Interrupted => "interrupted",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unnamed => "give its id after the verb, set AGENT_ID, or stand in its work tree".into(),
            Self::BeyondLimit { .. } => "raise `max_agents`, or choose a smaller id".into(),
            Self::EngineInUse { agents, .. } => format!(
                "nothing of theirs moves: save what is needed, remove them (`harness teardown {}`), and repeat this",
                agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            ),
            Self::InfraInUse { agents, volumes } => format!(
                "remove them with the servers (`harness teardown {} --infra`), or {} with `--force`",
                agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                if *volumes { "lose their databases, buckets and mail" } else { "stop the servers under them" }
            ),
            Self::Ambiguous { .. } => "name one of them, or set AGENT_ID".into(),
            Self::Unknown(agent) => format!("run `harness launch {agent}`, or `harness status` for what there is"),
            Self::Leased { agent, root, .. } => {
                format!("choose another id, or run `harness -C {} teardown {agent}`", root.display())
            }
            Self::TreeTaken { .. } => {
                "put `{{ id }}` into `[worktree] path`, so that each agent has one of its own".into()
            }
            Self::FileTaken { .. } => {
                "agents share the directory: put `{{ id }}` into the file's name in `[render]`, or give each agent a \
                 tree of its own with `[worktree]`"
                    .into()
            }
            Self::HalfRemoved(agent) => format!("run `harness teardown {agent}`"),
            Self::PortInUse { holder: Some(PortHolder { pid: Some(pid), .. }), .. } => {
                format!("stop it (`kill {pid}`), or change the base in `[ports]`")
            }
            Self::PortInUse { .. } => "stop it, or change the base in `[ports]`".into(),
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
            Self::NoProgram { .. } => "install it, or name it by its path".into(),
            Self::NotRunning(agent) => format!("run `harness launch {agent}`"),
            Self::Left { agent, .. } => format!("run `harness teardown {agent}` again"),
            Self::DatabaseLost(agent) => format!("run `harness launch {agent} --reset-db` for a fresh one"),
            Self::NoInfra => "run `harness setup`".into(),
            Self::PostClone(source) => return source.hint(),
            Self::Id(_) | Self::Command { .. } | Self::Without { .. } | Self::Interrupted => return None,
        })
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::PostClone(source) => source.details(),
            Self::Command { output, .. } => output.clone(),
            Self::Unhealthy { evidence, .. } => evidence.clone(),
            _ => Vec::new(),
        }
    }
}
