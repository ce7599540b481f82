//! Containers of jobs that no worker goes on with, for `gc` and `doctor`.
//!
//! A worker goes on with what an earlier one of its name and home has left. A container is left over only where no job of
//! this home names it, or where no worker was at its job for longer than its lease: the job is another's then.

use std::path::Path;
use std::time::Duration;

use super::contain::{HOME, HOME_PATH, JOB};
use super::kept::{Held, held, is_written_down};
use crate::agent::{self, Context};
use crate::infra::docker::{Error as DockerError, TaskContainer, TaskEngine};
use crate::report::{Area, Doctor, Failure, Finding, Gc, Kind, Level, Removed, RemovedKind};
use crate::system;

/// How much later than its lease ends a job is taken for lost.
const LATER: Duration = Duration::from_secs(30);

/// What `agent::gc` does, and removes the containers of this home's jobs that nobody goes on with.
///
/// # Errors
/// Those of `agent::gc`. An engine that does not answer is a warning.
pub async fn gc(context: &Context, dry_run: bool) -> Result<(Gc, Option<Kind>), Failure> {
    let (mut gc, kind) = agent::gc(context, dry_run).await?;
    if let Err(error) = collect(context, dry_run, &mut gc.removed).await {
        context.events.warning("gc", unchecked(&error));
    }
    Ok((gc, kind))
}

/// What `agent::doctor` finds, and containers of jobs that nobody goes on with, or whose home is gone.
///
/// # Errors
/// Those of `agent::doctor`.
pub async fn doctor(context: &Context) -> Result<Doctor, Failure> {
    let mut doctor = agent::doctor(context).await?;
    let warning = |message, hint: String| Finding::bad(Area::State, Level::Warning, message, hint);
    let found = examine(context).await.unwrap_or_else(|error| {
        vec![(unchecked(&error), "see whether the Docker engine runs, and what DOCKER_HOST names".to_owned())]
    });
    doctor.findings.extend(found.into_iter().map(|(message, hint)| warning(message, hint)));
    Ok(doctor)
}

fn unchecked(error: &DockerError) -> String {
    format!("containers of jobs were not checked: {}", system::with_causes(error))
}

async fn collect(context: &Context, dry_run: bool, removed: &mut Vec<Removed>) -> Result<(), DockerError> {
    if !context.home.path().join("work").is_dir() {
        return Ok(());
    }
    let Some(engine) = engine(context).await? else { return Ok(()) };
    for (container, why) in left(context, &engine).await? {
        if !dry_run {
            engine.remove(&container.name).await?;
        }
        removed.push(Removed::with(RemovedKind::Container, container.name, why));
    }
    Ok(())
}

/// Messages and hints.
async fn examine(context: &Context) -> Result<Vec<(String, String)>, DockerError> {
    let Some(engine) = engine(context).await? else { return Ok(Vec::new()) };
    let left = left(context, &engine).await?.into_iter();
    let left =
        left.map(|(container, why)| (format!("container {}: {why}", container.name), "run `harness gc`".to_owned()));
    let homeless = homeless(&engine).await?.into_iter().map(|(container, home)| {
        let hint = format!("run `docker rm -f -v {}`, unless it is of another machine", container.name);
        (format!("container {}: of a job of the home `{home}`, which is gone", container.name), hint)
    });
    Ok(left.chain(homeless).collect())
}

/// The engine of this environment; `None` where there is none, and no job of this home is known to have a container.
async fn engine(context: &Context) -> Result<Option<TaskEngine>, DockerError> {
    match TaskEngine::connect(&|name| context.variable(name).filter(|value| !value.is_empty())).await {
        Ok(engine) => Ok(Some(engine)),
        Err(_) if held(&context.home).iter().all(|held| held.kept.container.is_none()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Those of this home that nobody goes on with, and why.
async fn left(context: &Context, engine: &TaskEngine) -> Result<Vec<(TaskContainer, String)>, DockerError> {
    // before the jobs are read: a job is written down before its container is made
    let found = engine.with_labels(&[format!("{HOME}={}", context.home.id())]).await?;
    let held = held(&context.home);
    Ok(found.into_iter().filter_map(|container| why(context, &container, &held).map(|why| (container, why))).collect())
}

fn why(context: &Context, container: &TaskContainer, held: &[Held]) -> Option<String> {
    let is_its = |held: &&Held| held.kept.container.as_ref().is_some_and(|known| known.name == container.name);
    let Some(Held { kept, worker, since }) = held.iter().find(is_its) else {
        let job = container.labels.get(JOB).map(String::as_str).unwrap_or_default();
        // one that cannot be read, as that of a newer harness, may name it
        let is_read = held.iter().any(|held| held.kept.id().to_string() == job);
        if !is_read && is_written_down(&context.home, job) {
            return None;
        }
        return Some(format!("of job {job}, which does not run in it any more"));
    };
    let is_lost = *since > Duration::from_secs(kept.claimed.lease_s) + LATER;
    let minutes = since.as_secs() / 60;
    is_lost.then(|| format!("of job {}, whose worker `{worker}` has not run for {minutes} minutes", kept.id()))
}

/// Those of homes that are not on this machine any more, and which these were.
async fn homeless(engine: &TaskEngine) -> Result<Vec<(TaskContainer, String)>, DockerError> {
    let found = engine.with_labels(&[HOME_PATH.to_owned()]).await?;
    let gone = |container: TaskContainer| {
        let home = container.labels.get(HOME_PATH)?.clone();
        (!Path::new(&home).is_dir()).then_some((container, home))
    };
    Ok(found.into_iter().filter_map(gone).collect())
}
