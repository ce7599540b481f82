//! `harness backup`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::error::Error;
use super::manifest::{MANIFEST, Manifest, SavedAgent, SavedFile, SavedPlace, files, sum};
use super::state;
use crate::agent::{self, Context, Lifecycle, Record};
use crate::bucket::Buckets;
use crate::infra;
use crate::project::AgentId;
use crate::report::{AgentContents, Backup, Failure, milliseconds};
use crate::system;

/// What of the agents goes into a backup.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Dumps of their databases.
    pub databases: bool,
    /// The objects of their buckets.
    pub buckets: bool,
}

/// Writes a backup of the home to `directory`, which does not exist yet or is empty.
///
/// # Errors
/// There is something in the directory; a database or a bucket cannot be read. Then there is no backup.
pub async fn create(context: &Context, directory: &Path, parts: Parts) -> Result<Backup, Failure> {
    let began = Instant::now();
    context.home.whole()?;
    let directory = context.directory.join(directory);
    if !is_free(&directory) {
        return Err(Error::NotEmpty { directory }.into());
    }
    let parent = directory.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(parent).map_err(system::Error::file("create", parent))?;
    // removed when it is dropped: by a failure, or by a signal
    let partial = tempfile::Builder::new().prefix(".harness-backup-").tempdir_in(parent);
    let partial = partial.map_err(system::Error::file("create a directory in", parent))?;
    let mut manifest = Manifest {
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: jiff::Timestamp::now().to_string(),
        home: context.home.id().to_owned(),
        agents: Vec::new(),
        files: BTreeMap::new(),
    };
    let serve = state::save(context, partial.path())?;
    for id in context.home.agents()?.into_iter().filter_map(|id| AgentId::try_from(id).ok()) {
        match Record::read(&context.home, id)? {
            Some(record) if record.lifecycle == Lifecycle::Launched => {
                manifest.agents.push(save_agent(context, &record, partial.path(), parts).await?);
            }
            Some(_) => context.events.warning(format!("agent {id}"), "is half launched or half removed: left out"),
            None => {}
        }
    }
    let task = context.events.task("backup", "compute checksums");
    for file in files(partial.path())? {
        let path = partial.path().join(&file);
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(system::Error::file("sync", &path))?;
        manifest.files.insert(file, sum(&path).await?);
    }
    task.finish();
    system::write_versioned(&partial.path().join(MANIFEST), &manifest)?;
    std::fs::rename(partial.path(), &directory).map_err(system::Error::file("create", &directory))?;
    let _ = partial.keep();
    let synced = std::fs::File::open(parent).and_then(|parent| parent.sync_all());
    synced.map_err(system::Error::file("sync", parent))?;
    Ok(Backup {
        schema: "harness/backup/1".to_owned(),
        directory: directory.display().to_string(),
        agents: manifest.agents.iter().map(contents).collect(),
        serve,
        files: manifest.files.len() as u64,
        bytes: manifest.files.values().map(|sum| sum.bytes).sum(),
        duration_ms: milliseconds(began.elapsed()),
    })
}

/// Whether a backup may get this name: a rename replaces an empty directory, and nothing else.
fn is_free(directory: &Path) -> bool {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// What a report says of an agent in the backup.
pub(super) fn contents(agent: &SavedAgent) -> AgentContents {
    AgentContents {
        agent: agent.agent.get(),
        project: agent.project.clone(),
        database: agent.database.as_ref().map(|_| agent.agent.database()),
        objects: agent.bucket.as_ref().map(|objects| objects.len() as u64),
    }
}

async fn save_agent(context: &Context, record: &Record, directory: &Path, parts: Parts) -> Result<SavedAgent, Failure> {
    let mut saved = SavedAgent {
        agent: record.agent,
        project: record.project.clone(),
        project_root: record.project_root.clone(),
        place: match &record.worktree {
            None => SavedPlace::Root,
            Some(worktree) if worktree.made => SavedPlace::WorkTree { branch: worktree.branch.clone() },
            Some(_) => SavedPlace::Adopted { tree: record.tree.clone() },
        },
        with: record.with.clone(),
        database: None,
        bucket: None,
    };
    if parts.databases && record.database_password.is_some() {
        let file = format!("databases/{}.dump", record.agent.database());
        system::create_private_dir(&directory.join("databases"), 0o700)?;
        agent::dump_database(context, record.agent, Some(&directory.join(&file)), true).await?;
        saved.database = Some(file);
    }
    if parts.buckets && record.bucket_secret.is_some() {
        saved.bucket = save_bucket(context, record.agent, directory).await?;
    }
    Ok(saved)
}

async fn save_bucket(context: &Context, agent: AgentId, directory: &Path) -> Result<Option<Vec<SavedFile>>, Failure> {
    let infra = infra::open(&context.home).await?;
    let Some(s3) = infra.as_ref().and_then(|infra| infra.servers.s3.as_ref()) else { return Ok(None) };
    let (buckets, bucket) = (Buckets::new(s3), agent.bucket());
    let task = context.events.task(format!("agent {agent}"), format!("save bucket {bucket}"));
    let below = format!("buckets/{bucket}");
    system::create_private_dir(&directory.join(&below), 0o700)?;
    let mut saved = Vec::new();
    for key in buckets.keys(&bucket).await? {
        // a key may be longer than a file's name, and lead out of the directory
        let file = format!("{below}/{}", saved.len() + 1);
        if let Some(object) = buckets.download(&bucket, &key, &directory.join(&file)).await? {
            saved.push(SavedFile { file, object });
        }
    }
    task.finish();
    Ok(Some(saved))
}
