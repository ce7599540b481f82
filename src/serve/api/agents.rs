//! Agents: the verbs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use super::logs::{self, Lines as LogLines};
use super::machine::SAMPLE;
use super::route::{Accepted, Agent, Body, Query};
use crate::agent::{self, Action, LaunchOptions, Sampler, TeardownOptions, TeardownTarget, UrlKind};
use crate::project::AgentId;
use crate::report::{Failure, Health, Stats, Status, Teardown as TornDown, Urls, Verify};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::work::{Done, begin, look};
use crate::verify::{self, Judgement};

pub(super) use super::logs::Lines;

type Begun = Result<Accepted, Refusal>;

/// How to launch.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Launch {
    /// The root of the project, where the agent is new and the agents of the home are not all of one project.
    #[schemars(extend("pattern" = "^/"))]
    pub(in crate::serve) project: Option<PathBuf>,
    /// In its own work tree, on this branch.
    pub(in crate::serve) branch: Option<String>,
    /// In its own work tree, or not; as `harness.toml` says when left out.
    pub(in crate::serve) worktree: Option<bool>,
    /// Disabled processes to start all the same.
    pub(in crate::serve) with: Vec<String>,
    /// Replace the database by a fresh one; its contents are lost.
    pub(in crate::serve) reset_db: bool,
}

/// How to tear down.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Teardown {
    /// Only say what would be removed.
    pub(in crate::serve) dry_run: bool,
    /// Also a work tree with work that exists nowhere else.
    pub(in crate::serve) force: bool,
}

/// Which processes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Processes {
    /// Only these; all when left out.
    pub(in crate::serve) processes: Vec<String>,
}

/// What to verify.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct Run {
    /// Also the stages that only count when work is done.
    pub(in crate::serve) full: bool,
    /// Only these stages.
    pub(in crate::serve) stages: Vec<String>,
    /// Go on after a stage that failed.
    pub(in crate::serve) keep_going: bool,
}

pub(in crate::serve) async fn list(State(site): State<Shared>) -> Result<Json<Status>, Refusal> {
    Ok(Json(look(&site, "status", None, async |context| agent::status(&context, None).await).await?))
}

pub(in crate::serve) async fn one(State(site): State<Shared>, Agent(id): Agent) -> Result<Json<Status>, Refusal> {
    Ok(Json(look(&site, "status", Some(id), async move |context| agent::status(&context, Some(id)).await).await?))
}

pub(super) async fn logs(site: State<Shared>, agent: Agent, lines: Query<LogLines>) -> Result<Response, Refusal> {
    logs::answer(site, agent, lines).await
}

pub(super) async fn stats(State(site): State<Shared>, Agent(id): Agent) -> Result<Json<Stats>, Refusal> {
    let stats =
        look(&site, "stats", Some(id), async move |context| Sampler::new(&context, Some(id)).next(SAMPLE).await)
            .await?;
    Ok(Json(stats))
}

pub(super) async fn url(State(site): State<Shared>, Agent(id): Agent) -> Result<Json<Urls>, Refusal> {
    Ok(Json(look(&site, "url", Some(id), async move |context| agent::urls(&context, id, None, UrlKind::Port)).await?))
}

pub(super) async fn health(State(site): State<Shared>, Agent(id): Agent) -> Result<Json<Health>, Refusal> {
    Ok(Json(look(&site, "health", Some(id), async move |context| agent::health(&context, id).await).await?))
}

pub(in crate::serve) async fn last_verify(
    State(site): State<Shared>,
    Agent(id): Agent,
) -> Result<Json<Verify>, Refusal> {
    let directory = site.home.stack_dir(id.stack()).join("verify");
    let last = verify::last_report(&directory).map_err(|failure| Refusal::of("verify", failure))?;
    Ok(Json(last.ok_or_else(|| Refusal::of("verify", Wrong::NoVerify(id.get())))?))
}

/// The last verify of every agent that has one.
pub(in crate::serve) async fn last_verdicts(site: &Shared) -> Result<BTreeMap<u8, Verify>, Refusal> {
    look(site, "verify", None, async |context| {
        let last = |id: u8| {
            let directory = context.home.stack_dir(AgentId::try_from(id).ok()?.stack()).join("verify");
            // one that cannot be read hides no other; the agent's own page says why
            Some((id, verify::last_report(&directory).ok()??))
        };
        Ok(context.home.agents()?.into_iter().filter_map(last).collect())
    })
    .await
}

pub(in crate::serve) async fn verify(State(site): State<Shared>, Agent(id): Agent, Body(run): Body<Run>) -> Begun {
    let judgement = Judgement {
        full: run.full,
        only: run.stages,
        timeout: None,
        keep_going: run.keep_going,
        every_line: false,
        // children of this process may be another call's
        own_process: false,
        force: false,
        ..Judgement::default()
    };
    let job = begin(&site, "verify", id, None, async move |context| {
        let verdict = match verify::judge(&context, id, &judgement, agent::interrupted()).await {
            Ok(verdict) => verdict,
            Err(failure) => verify::could_not_judge(&failure, Some(id.get()), judgement.full),
        };
        // a fail is an answer
        let failed = verdict.document.error.is_some();
        Ok(Done::of(&verdict.document).failed_if(failed))
    });
    Ok(Accepted(job.await?))
}

pub(in crate::serve) async fn launch(
    State(site): State<Shared>,
    Agent(id): Agent,
    Body(launch): Body<Launch>,
) -> Begun {
    let options = LaunchOptions {
        with: launch.with,
        reset_database: launch.reset_db,
        worktree: launch.branch.as_ref().map(|_| true).or(launch.worktree),
        branch: launch.branch,
        ..LaunchOptions::default()
    };
    let root = match launch.project {
        Some(root) if root.is_absolute() => Some(root),
        Some(root) => return Err(Wrong::Input(format!("`{}` is not absolute", root.display())).into()),
        None => only_root(&site)?,
    };
    let job = begin(&site, "launch", id, root, async move |context| {
        let (launch, worst) = agent::launch(&context, &[id], &options).await?;
        verify::gate_commits(&context, &launch).await;
        Ok(Done::of(&launch).failed_if(worst.is_some()))
    });
    Ok(Accepted(job.await?))
}

/// The project's root, where all agents of the home have the same.
fn only_root(site: &Shared) -> Result<Option<PathBuf>, Failure> {
    let agents = site.home.agents()?.into_iter().filter_map(|id| AgentId::try_from(id).ok());
    let mut roots: Vec<PathBuf> =
        agents.filter_map(|id| Some(agent::Record::read(&site.home, id).ok()??.project_root)).collect();
    roots.sort_unstable();
    roots.dedup();
    Ok(roots.pop().filter(|_| roots.is_empty()))
}

pub(in crate::serve) async fn teardown(
    State(site): State<Shared>,
    Agent(id): Agent,
    Body(how): Body<Teardown>,
) -> Begun {
    let options = teardown_options(id, &how);
    let job = begin(&site, "teardown", id, None, async move |context| {
        let (teardown, worst) = agent::teardown(&context, &options).await?;
        Ok(Done::of(&teardown).failed_if(worst.is_some()))
    });
    Ok(Accepted(job.await?))
}

/// What a teardown would remove.
pub(in crate::serve) async fn would_remove(site: &Shared, id: AgentId) -> Result<TornDown, Refusal> {
    let options = teardown_options(id, &Teardown { dry_run: true, force: false });
    look(site, "teardown", Some(id), async move |context| Ok(agent::teardown(&context, &options).await?.0)).await
}

fn teardown_options(id: AgentId, how: &Teardown) -> TeardownOptions {
    TeardownOptions {
        target: TeardownTarget::Agents(vec![id]),
        dry_run: how.dry_run,
        force: how.force,
        infra: false,
        volumes: false,
        only_leftovers: false,
    }
}

pub(in crate::serve) async fn park(site: State<Shared>, agent: Agent) -> Begun {
    control(&site, agent.0, "park", Action::Park, Vec::new()).await
}

pub(in crate::serve) async fn stop(site: State<Shared>, agent: Agent, body: Body<Processes>) -> Begun {
    control(&site, agent.0, "stop", Action::Stop, body.0.processes).await
}

pub(in crate::serve) async fn start(site: State<Shared>, agent: Agent, body: Body<Processes>) -> Begun {
    control(&site, agent.0, "start", Action::Start, body.0.processes).await
}

pub(in crate::serve) async fn restart(site: State<Shared>, agent: Agent, body: Body<Processes>) -> Begun {
    control(&site, agent.0, "restart", Action::Restart, body.0.processes).await
}

async fn control(site: &Shared, id: AgentId, verb: &'static str, action: Action, names: Vec<String>) -> Begun {
    let job = begin(site, verb, id, None, async move |context| {
        let report = agent::control(&context, id, action, &names, false).await?;
        let mut meant = report.processes.iter().filter(|row| names.is_empty() || names.contains(&row.name));
        let well = meant.all(|row| row.state.is_well());
        Ok(Done::of(&report).failed_if(!well))
    });
    Ok(Accepted(job.await?))
}
