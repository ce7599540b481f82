//! What a check of an agent's work needs to know: its tree, the plan that judges it, its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::template_state::template_state;
use super::{Context, Error, Record, environment, health, ownership, processes, template_values::Rendering, undone};
use crate::infra::{self, Infra};
use crate::project::{AgentId, Project, Template};
use crate::render::{self, Renderer, TemplateValue};
use crate::report::{Failure, ProcessState, StackState, TemplateState};
use crate::supervisor::Client;
use crate::system::proc::exec_marker_value;
use crate::system::{self, StackName};

/// An agent's tree, and the plan of the project that it belongs to.
#[derive(Debug)]
pub struct VerifyScope {
    /// Where it works.
    pub tree: PathBuf,
    /// The project as its root has it: its `[verify]` is the one that counts.
    pub project: Project,
    /// What the tree's own `[verify]` says differently, one line each.
    pub differences: Vec<String>,
    /// The folder of its runs.
    pub directory: PathBuf,
    /// The template that its database was cloned from.
    pub template: Option<String>,
}

/// The same with everything that commands need.
#[derive(Debug)]
pub struct VerifyTarget {
    /// Tree and plan.
    pub verify_scope: VerifyScope,
    values: render::TemplateValues,
    environment: render::Environment,
    infra: Infra,
    /// Why its stack is not up: stopped, in part by hand, or not healthy. `None` when it is healthy.
    pub not_up: Option<Error>,
    /// Whose servers its commands may talk to.
    pub servers: OwnServers,
    /// Whether its database comes from the template that its tree asks for; `None` where it has none.
    pub template: Result<Option<TemplateState>, Failure>,
}

/// The servers of an agent and of its home.
#[derive(Debug, Clone, Default)]
pub struct OwnServers {
    /// The markers of the stacks that they belong to.
    pub stacks: Vec<String>,
    /// The directories of these stacks: what a supervisor holds for one that is parked is its own.
    pub directories: Vec<PathBuf>,
    /// The agent's own ports: what holds one for a container is taken for a process of the stack.
    pub own_ports: Vec<u16>,
    /// Ports of the shared servers: a process of a container's engine holds them, or one of the server's user.
    pub ports: Vec<u16>,
}

/// Looks up who judges an agent's tree, without looking at any server.
///
/// # Errors
/// There is no such agent, or a `harness.toml` is wrong.
pub fn verify_scope(context: &Context, agent: AgentId) -> Result<VerifyScope, Failure> {
    let record = undone::existing(context, agent)?;
    let project = context.project_at(&record.project_root)?;
    let differences = project.for_tree(&record.tree, &|name| context.variable(name))?.verify_differences;
    let directory = context.home.stack_dir(agent.stack()).join("verify");
    Ok(VerifyScope { tree: record.tree, project, differences, directory, template: record.template })
}

/// The same with the agent's environment.
///
/// # Errors
/// As for [`verify_scope`]; the agent is another project's and `force` is not set; there are no shared servers.
pub async fn verify_target(context: &Context, agent: AgentId, force: bool) -> Result<VerifyTarget, Failure> {
    // its commands may change anything
    ownership::check_agent(context, agent, force)?;
    let verify_scope = verify_scope(context, agent)?;
    let record = undone::existing(context, agent)?;
    let infra = infra::open(&context.home).await?.ok_or_else(|| context.without_servers())?;
    let in_tree = context.in_tree(&verify_scope.project, &record.tree)?;
    let Rendering { renderer, values, environment } = Rendering::of(context, &in_tree, &record, &infra)?;
    let servers = own_servers(context, &record, &infra, &values);
    let (not_up, template) = tokio::join!(
        not_up(context, agent, verify_scope.project.launch.timeout),
        template_state(context, &in_tree, &record, &renderer, &infra)
    );
    let not_up = not_up?;
    Ok(VerifyTarget { verify_scope, values, environment, infra, not_up, servers, template })
}

fn own_servers(context: &Context, record: &Record, infra: &Infra, values: &render::TemplateValues) -> OwnServers {
    let home = &context.home;
    let own = [record.agent.stack(), StackName::Infra, StackName::Serve];
    let markers = own.iter().flat_map(|stack| {
        let stack = stack.to_string();
        [system::marker_value(home.id(), &stack), exec_marker_value(home.id(), &stack)]
    });
    let directories = own.iter().filter_map(|stack| home.stack_dir(*stack).canonicalize().ok());
    // an external server is named by a URL
    let external =
        values.servers.values().flatten().flat_map(|server| server.values()).filter_map(|value| match value {
            TemplateValue::Number(port) => Some(*port),
            TemplateValue::Text(text) => {
                text.rsplit_once(':')?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
            }
            TemplateValue::Secret(_) => None,
        });
    let recorded = infra.record.ports().into_iter().map(|(_, port, _)| port);
    let added = infra.record.added_services().iter().flat_map(|added| added.ports.iter().copied());
    let mut ports: Vec<u16> = recorded.chain(added).chain(external).collect();
    ports.sort_unstable();
    ports.dedup();
    let own_ports = record.ports.values().copied().collect();
    OwnServers { stacks: markers.collect(), directories: directories.collect(), own_ports, ports }
}

/// Looks at the stack; what is only just starting is given `patience`.
async fn not_up(context: &Context, agent: AgentId, patience: Duration) -> Result<Option<Error>, Failure> {
    let directory = context.home.stack_dir(agent.stack());
    let Some(client) = Client::connect(&directory)? else { return Ok(Some(Error::NotRunning(agent))) };
    match client.state().await? {
        None => return Ok(Some(Error::NotRunning(agent))),
        // whoever asks whether the work is done uses the stack
        Some(snapshot) if snapshot.parked => drop(client.wake().await?),
        Some(_) => {}
    }
    let snapshot = client.wait_until(patience, |snapshot| processes::summary(snapshot) != StackState::Starting).await?;
    let mut silent = BTreeMap::new();
    let state = processes::summary(&snapshot);
    if state == StackState::Healthy {
        silent = health::unanswered(&directory, &client, &snapshot).await?;
    }
    Ok(match state {
        StackState::Healthy if silent.is_empty() => None,
        StackState::Stopped | StackState::Parked => Some(Error::NotRunning(agent)),
        _ => {
            let mut rows = processes::rows(&directory, &snapshot, &|_| None);
            for row in &mut rows {
                if let Some(reason) = silent.remove(&row.name) {
                    (row.state, row.reason) = (ProcessState::Unhealthy, Some(reason));
                    row.last_lines = processes::last_lines(&directory, &row.name);
                }
            }
            let unwell = rows.iter().filter(|row| !row.state.is_well() || row.state == ProcessState::Stopped);
            let summary = unwell.map(processes::describe).collect::<Vec<_>>().join(", ");
            Some(Error::Unhealthy { agent, summary, evidence: processes::evidence(&rows) })
        }
    })
}

impl VerifyTarget {
    /// The environment of its processes, complete, and the home: a check may call harness itself.
    pub fn environment(&self, context: &Context) -> BTreeMap<String, String> {
        environment::for_commands(context, &self.infra, self.environment.all())
    }

    /// Evaluates a template of the plan; `key` is its path in `harness.toml`.
    ///
    /// # Errors
    /// It cannot be evaluated.
    pub fn evaluate(&self, key: &str, template: &Template) -> render::Result<String> {
        Renderer::new(&self.verify_scope.project).text(key, template, &self.values, &self.environment)
    }
}
