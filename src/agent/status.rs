//! `status`: what the supervisors report, compared with records and configuration.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use futures_util::future::join_all;

use super::template_state::template_state;
use super::template_values::{self, Rendering};
use super::{Context, Error, Lifecycle, Record, identity, leftover, moved, processes, store_state};
use crate::infra::{self, Infra, InfraRecord};
use crate::postgres::{Patience, clone};
use crate::project::{AgentId, ConfigError, Project};
use crate::report::{AgentStatus, Failure, InfraStatus, StackState, Status, TemplateState};
use crate::supervisor::{self, Client, Usage};
use crate::system::{self, ProcessIdentity};

/// Every agent of the home, or one of them.
///
/// # Errors
/// `only` names an agent that does not exist.
pub async fn status(context: &Context, only: Option<AgentId>) -> Result<Status, Failure> {
    let mut agents = identity::agents(context)?;
    if let Some(agent) = only {
        agents.retain(|known| *known == agent);
        if agents.is_empty() {
            return Err(Error::Unknown(agent).into());
        }
    }
    let read = |agent| Record::read(&context.home, agent).map(|found| found.map(|record| Known::of(context, &record)));
    let records: Vec<_> = agents.into_iter().map(|agent| (agent, read(agent))).collect();
    let known = records.iter().filter_map(|(_, known)| Some(&known.as_ref().ok()?.as_ref()?.record));
    let wishes = Wishes::read(context, known).await?;
    let rows = join_all(records.into_iter().map(|(agent, record)| {
        let wishes = &wishes;
        async move {
            let record = record.transpose()?;
            Some(one(context, agent, record, wishes, only.is_some()).await)
        }
    }));
    let (infra, agents) = tokio::join!(self::infra(context), rows);
    let agents: Vec<_> = agents.into_iter().flatten().collect();
    if let Some(agent) = only.filter(|_| agents.is_empty()) {
        // a directory without a record: a launch that was interrupted, or a sandbox that shows nothing of it
        return Err(Error::Unknown(agent).into());
    }
    Ok(Status {
        schema: "harness/status/1".to_owned(),
        home: context.home.path().display().to_string(),
        infra: infra?,
        agents,
    })
}

/// The shared servers, beside what the project of the current directory configures.
pub(super) async fn infra(context: &Context) -> Result<InfraStatus, Failure> {
    let mut status = infra::status(&context.home).await?;
    if let (Some(record), Ok(project)) = (InfraRecord::read(&context.home)?, context.project()) {
        status.drift = infra::drift(&record, &project.infra);
    }
    Ok(status)
}

/// The record of an agent, as it is now.
struct Known {
    record: Record,
    /// Whether its project or its tree was moved since it was launched.
    is_moved: bool,
}

impl Known {
    fn of(context: &Context, record: &Record) -> Self {
        let now = moved::followed(context, record.clone(), None);
        let is_moved = now.place() != record.place() || now.project_root != record.project_root;
        Self { record: now, is_moved }
    }
}

/// What running stacks are compared with, read once for all of them.
struct Wishes {
    infra: Option<Infra>,
    /// By the project's root.
    projects: BTreeMap<PathBuf, Result<Project, ConfigError>>,
}

impl Wishes {
    async fn read(context: &Context, records: impl Iterator<Item = &Record>) -> Result<Self, Failure> {
        let mut projects = BTreeMap::new();
        for record in records {
            if !projects.contains_key(&record.project_root) {
                projects.insert(record.project_root.clone(), context.project_at(&record.project_root));
            }
        }
        Ok(Self { infra: infra::open(&context.home).await?, projects })
    }
}

/// One agent that has a record, readable or not.
async fn one(
    context: &Context,
    agent: AgentId,
    known: system::Result<Known>,
    wishes: &Wishes,
    thorough: bool,
) -> AgentStatus {
    let directory = context.home.stack_dir(agent.stack());
    let mut status = AgentStatus {
        agent: agent.get(),
        project: String::new(),
        state: StackState::Damaged,
        tree: String::new(),
        branch: None,
        urls: BTreeMap::new(),
        ports: BTreeMap::new(),
        database: None,
        template: None,
        template_stale: None,
        stores: Vec::new(),
        drift: Vec::new(),
        tracking: Vec::new(),
        tracking_reason: None,
        processes: Vec::new(),
        error: None,
    };
    let Known { record, is_moved } = match known {
        Ok(known) => known,
        Err(error) => {
            status.error = Some(Failure::from(error).document());
            return status;
        }
    };
    status.urls = record.urls();
    status.project.clone_from(&record.project);
    status.tree = record.tree.display().to_string();
    status.branch = system::Checkout::around(&record.tree).and_then(|checkout| checkout.branch());
    status.ports.clone_from(&record.ports);
    status.database = record.database_password.as_ref().map(|_| agent.database());
    status.template.clone_from(&record.template);
    match store_state::rows(context, &record) {
        Ok(rows) => status.stores = rows,
        Err(failure) => status.error = Some(failure.document()),
    }
    match running(&directory).await {
        Ok(Some((snapshot, usage))) => {
            let usage = |identity: &ProcessIdentity| usage.get(identity).copied();
            status.processes = processes::rows(&directory, &snapshot, &usage);
            status.state = processes::summary(&snapshot);
            status.tracking.clone_from(&snapshot.tracking);
            status.tracking_reason = Some(snapshot.tracking_reason.clone()).filter(|reason| !reason.is_empty());
            if record.spec_digest.as_ref() != Some(&snapshot.spec_digest) {
                status.drift.push("the running stack was started with another process config".to_owned());
            }
        }
        Ok(None) => status.state = StackState::Stopped,
        Err(failure) => {
            status.state = StackState::Broken;
            status.error = Some(failure.document());
        }
    }
    if record.lifecycle == Lifecycle::Launched
        && let Some(why) = leftover::why(context, Some(&record))
    {
        status.state = StackState::Broken;
        status.error = Some(Failure::from(Error::TreeDeleted { agent, why }).document());
        // what is not there cannot be compared
        return status;
    }
    if record.lifecycle != Lifecycle::Launched {
        status.state = StackState::Incomplete;
    }
    drift(context, &Known { record, is_moved }, wishes, thorough, &mut status).await;
    status
}

type Usages = HashMap<ProcessIdentity, Usage>;

async fn running(directory: &Path) -> Result<Option<(supervisor::StackSnapshot, Usages)>, Failure> {
    let Some(client) = Client::look(directory)? else { return Ok(None) };
    let Some(snapshot) = client.state().await? else { return Ok(None) };
    let leaders: Vec<ProcessIdentity> =
        snapshot.processes.values().filter_map(|process| process.process.clone()).collect();
    let measured = supervisor::stats(&leaders);
    let usage = leaders.into_iter().zip(measured).filter_map(|(leader, usage)| Some((leader, usage?))).collect();
    Ok(Some((snapshot, usage)))
}

/// Whether the files of the project say something else than the running stack. Costs a rendering, and
/// with `thorough` a digest of the template's inputs.
async fn drift(context: &Context, known: &Known, wishes: &Wishes, thorough: bool, status: &mut AgentStatus) {
    let record = &known.record;
    let (Some(infra), Some(project)) = (&wishes.infra, wishes.projects.get(&record.project_root)) else { return };
    let project = match project {
        Ok(project) => project,
        Err(error) => return status.drift.push(format!("cannot be compared: {error}")),
    };
    let result: Result<(), Failure> = async {
        let in_tree = project.for_tree(&record.tree, &|name| context.variable(name))?;
        if !in_tree.own_tables.is_empty() {
            let (tables, tree) = (in_tree.own_tables.join(", "), record.tree.display());
            status.drift.push(format!(
                "harness.toml of the project's root and of the work tree differ in {tables}; the work tree's counts: \
                 merge the root's commits in `{tree}` to take its over"
            ));
        }
        let project = in_tree.project;
        let rendering = Rendering::of(context, &project, record, infra)?;
        let Rendering { renderer, values, environment } = &rendering;
        let mut spec = renderer.stack_spec(values, context.home.id(), environment, &record.with)?;
        template_values::add_own_processes(&mut spec, &project, record, infra)?;
        if record.spec_digest.as_ref().is_some_and(|digest| *digest != supervisor::spec_digest(&spec)) {
            let (agent, tree) = (record.agent, record.tree.display());
            // every path in it is another one
            status.drift.push(if known.is_moved {
                format!("it was moved to `{tree}`; `harness launch {agent}` tells its processes")
            } else {
                format!("harness.toml or one of its values changed; apply it with `harness launch {agent}`")
            });
        }
        if thorough {
            store_state::compare(context, &project, infra, &rendering, status)?;
        }
        if let (true, Some(server), Some(_)) = (thorough, &infra.servers.postgres, &record.template) {
            let state = template_state(context, &project, record, renderer, infra).await?;
            status.template_stale = state.map(|state| state == TemplateState::Stale);
            let server = &server.clone().with_patience(Patience::LOOKING);
            if let Some(password) = &record.database_password
                && !clone::accepts_password(server, record.agent, password).await?
            {
                let agent = record.agent;
                let role = agent.database();
                status
                    .drift
                    .push(format!("the password of role {role} was changed; `harness launch {agent}` sets it back"));
            }
        }
        Ok(())
    }
    .await;
    // of one that is incomplete, values are missing that a launch makes
    if let Err(failure) = result
        && record.lifecycle == Lifecycle::Launched
    {
        status.drift.push(format!("cannot be compared: {failure}"));
    }
}
