//! `harness restore`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::create::contents;
use super::error::Error;
use super::manifest::{Manifest, SavedAgent, SavedFile, SavedPlace};
use super::state;
use crate::agent::{self, Context, LaunchOptions, Record};
use crate::bucket::Buckets;
use crate::infra;
use crate::project::AgentId;
use crate::report::{Failure, Kind, Restore, milliseconds};
use crate::verify;

/// Restores the backup in `directory` into the home, whose agents are launched. With `force` also into one that has agents:
/// those of the backup get its contents, the others stay as they are.
///
/// # Errors
/// It is no whole backup, or the home is in use, or a project is missing: nothing was changed. A launch or a load failed, or
/// was interrupted: the agents before it are restored, its own database is as it was.
pub async fn restore(context: &Context, directory: &Path, force: bool) -> Result<Restore, Failure> {
    let began = Instant::now();
    context.home.whole()?;
    let directory = context.directory.join(directory);
    let task = context.events.task("restore", "compare checksums");
    let manifest = unless_interrupted(Manifest::checked(&directory)).await?;
    task.finish();
    if !force {
        check_empty(context, &manifest)?;
    }
    for saved in &manifest.agents {
        if !place_of(saved).join("harness.toml").is_file() {
            return Err(Error::NoProject { agent: saved.agent, root: place_of(saved) }.into());
        }
    }
    let files = state::restore(context, &directory, &manifest)?;
    for saved in &manifest.agents {
        restore_agent(context, &directory, saved).await?;
    }
    Ok(Restore {
        schema: "harness/restore/1".to_owned(),
        directory: directory.display().to_string(),
        made_at: manifest.made_at.clone(),
        agents: manifest.agents.iter().map(contents).collect(),
        files,
        duration_ms: milliseconds(began.elapsed()),
    })
}

/// Launches and loads hear signals themselves.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = agent::interrupted() => Err(agent::Error::Interrupted.into()),
        done = work => done,
    }
}

fn check_empty(context: &Context, manifest: &Manifest) -> Result<(), Failure> {
    let mut present = Vec::new();
    for id in context.home.agents()?.into_iter().filter_map(|id| AgentId::try_from(id).ok()) {
        if Record::path(&context.home, id).exists() {
            present.push(format!("agent {id}"));
        }
    }
    present.extend(state::replaced(context, manifest).into_iter().map(|file| format!("`{file}`")));
    if present.is_empty() {
        return Ok(());
    }
    let (home, what) = (context.home.path().to_owned(), present.join(", "));
    Err(Error::InUse { home, what }.into())
}

/// Where its launch is given.
fn place_of(saved: &SavedAgent) -> PathBuf {
    match &saved.place {
        SavedPlace::Adopted { tree } if tree.is_dir() => tree.clone(),
        _ => saved.project_root.clone(),
    }
}

async fn restore_agent(context: &Context, directory: &Path, saved: &SavedAgent) -> Result<(), Failure> {
    let id = saved.agent;
    let context = Context { directory: place_of(saved), ..context.clone() };
    let (worktree, branch) = match &saved.place {
        SavedPlace::Root => (Some(false), None),
        SavedPlace::WorkTree { branch } => (Some(true), branch.clone()),
        SavedPlace::Adopted { .. } => (None, None),
    };
    let options = LaunchOptions { with: saved.with.clone(), worktree, branch, ..LaunchOptions::default() };
    let (launched, kind) = agent::launch(&context, &[id], &options).await?;
    if let Some(error) = launched.agents.iter().find_map(|agent| agent.error.as_ref()) {
        let (message, details) = (error.message.clone(), error.details.clone());
        return Err(Error::Launch { agent: id, message, details, kind: kind.unwrap_or(Kind::CheckFailed) }.into());
    }
    verify::gate_commits(&context, &launched).await;
    if let Some(file) = &saved.database {
        agent::load_database(&context, id, &directory.join(file), true).await?;
    }
    if let Some(objects) = &saved.bucket {
        unless_interrupted(fill_bucket(&context, directory, id, objects)).await?;
    }
    Ok(())
}

/// Puts the saved objects in the place of those that the launch made.
async fn fill_bucket(context: &Context, directory: &Path, id: AgentId, objects: &[SavedFile]) -> Result<(), Failure> {
    let infra = infra::open(&context.home).await?;
    let has_bucket = Record::read(&context.home, id)?.is_some_and(|record| record.bucket_secret.is_some());
    let s3 = infra.as_ref().and_then(|infra| infra.servers.s3.as_ref()).filter(|_| has_bucket);
    let s3 = s3.ok_or(agent::Error::Without { agent: id, what: "bucket" })?;
    let (buckets, bucket) = (Buckets::new(s3), id.bucket());
    let task = context.events.task(format!("agent {id}"), format!("fill bucket {bucket}"));
    buckets.empty(&bucket).await?;
    for saved in objects {
        buckets.upload(&bucket, &saved.object, &directory.join(&saved.file)).await?;
    }
    task.finish();
    Ok(())
}
