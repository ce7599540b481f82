//! How the errors of this folder are shown: kind, code, hint and details.

use std::collections::BTreeSet;

use super::error::{Error, joined};
use super::taken_port::{TakenPort, holder_text};
use crate::report::{Diagnostic, Kind};

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Id(_) | Self::Unnamed | Self::Ambiguous { .. } => Kind::Usage,
            Self::BeyondLimit { .. } | Self::NoDatabase(_) => Kind::Configuration,
            Self::PostClone(source) => source.kind(),
            Self::Unknown(_)
            | Self::Undone(_)
            | Self::OwnerUnknown { .. }
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
            | Self::NothingToPark(_)
            | Self::NoGateway
            | Self::Without { .. }
            | Self::DatabaseLost(_)
            | Self::Left { .. } => Kind::Conflict,
            Self::Command { .. } | Self::Unhealthy { .. } => Kind::CheckFailed,
            Self::NoInfra | Self::NoRoom { .. } => Kind::Environment,
            Self::Interrupted => Kind::Interrupted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Id(_) => "agent.invalid_id",
            Self::Unnamed => "agent.unnamed",
            Self::BeyondLimit { .. } => "agent.beyond_limit",
            Self::Ambiguous { .. } => "agent.ambiguous",
            Self::Unknown(_) | Self::Undone(_) => "agent.unknown",
            Self::OwnerUnknown { .. } => "agent.owner_unknown",
            Self::EngineInUse { .. } => "engine.in_use",
            Self::InfraInUse { .. } => "infra.in_use",
            Self::Leased { .. } => "agent.leased",
            Self::FileTaken { .. } => "render.taken",
            Self::HalfRemoved(_) => "agent.half_removed",
            Self::OtherProject { .. } => "agent.other_project",
            Self::TreeDeleted { .. } => "agent.tree_deleted",
            Self::PortsInUse { .. } => "port.in_use",
            Self::NoRoom { .. } => "memory.no_room",
            Self::Command { .. } => "command.failed",
            Self::Unhealthy { .. } => "stack.unhealthy",
            Self::UnknownProcess { .. } => "process.unknown",
            Self::UnknownPort { .. } => "port.unknown",
            Self::UnknownService { .. } => "service.unknown",
            Self::NoProgram { .. } => "program.missing",
            Self::NotRunning(_) => "stack.not_running",
            Self::NothingToPark(_) => "stack.nothing_to_park",
            Self::Left { .. } => "teardown.left",
            Self::Without { .. } => "agent.without",
            Self::PostClone(_) => "post_clone.failed",
            Self::DatabaseLost(_) => "database.lost",
            Self::NoInfra => "infra.absent",
            Self::NoDatabase(_) => "project.no_database",
            Self::NoGateway => "gateway.absent",
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
            Self::OwnerUnknown { agent, .. } => format!(
                "run `harness -C DIR teardown {agent}` with the root of its project, or pass `--force` to remove what can be found"
            ),
            Self::Undone(agent) => format!(
                "`harness logs {agent}` shows what its processes printed; `harness launch {agent} --keep` leaves a \
                 launch that fails as it is"
            ),
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
            Self::NoRoom { parkable, .. } => match parkable.first() {
                Some((agent, memory)) => {
                    let frees = memory / 1_000_000;
                    format!("run `harness park {agent}`, which frees {frees} MB, or launch it with --force")
                }
                None => "end other programs, or launch it with --force".to_owned(),
            },
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
            Self::NothingToPark(agent) => format!("run `harness start {agent}`"),
            Self::Left { agent, .. } => format!("run `harness teardown {agent}` again"),
            Self::DatabaseLost(agent) => format!("run `harness launch {agent} --reset-db` for a new one"),
            Self::NoInfra => "run `harness setup`".into(),
            Self::NoDatabase(_) => "remove `disabled = true` from `[database]`".into(),
            Self::NoGateway => "run `harness serve --gateway`".into(),
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
