//! What is kept of a job, so that a worker that was killed goes on where it was.
//!
//! ```text
//! <home>/work/<worker>/lock          held by the worker of this name
//! <home>/work/<worker>/7.json        job 7
//! <home>/work/<worker>/7/            its prompts, documents of verify, and what its program says that it did
//! ```

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::api::Claim;
use super::cost::Cost;
use super::error::WorkError;
use crate::project::AgentId;
use crate::report::{Failure, JobOutcome, WorkerJob};
use crate::system::{self, FileLock, Home, Versioned};

/// Which step comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub(super) enum Phase {
    /// Branch and stack.
    Prepare,
    /// All from the launch to the verdict, in a container.
    Contain,
    /// A round of the program.
    Work,
    /// The verdict on it.
    Verify,
    /// Push and pull request.
    Deliver,
    /// The server must learn how it ended.
    End { ending: Ending },
    /// The server knows: what is not kept is removed.
    Tidy,
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub(super) enum Ending {
    /// It is done.
    Completed,
    /// It is not.
    Failed { again: bool },
    /// There is no room for it.
    Returned,
    /// Another worker has it.
    Lost,
}

/// The container of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contained {
    pub(super) name: String,
    pub(super) image: String,
    /// Whether it has the job.
    pub(super) has_begun: bool,
    /// The number of the last message that was heard.
    pub(super) heard: u64,
}

/// What is kept of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The server that it is of.
    pub(super) server: String,
    pub(super) claimed: WorkerJob,
    #[serde(flatten)]
    pub(super) phase: Phase,
    /// How it has ended, once it has.
    pub(super) ending: Option<Ending>,
    /// The round, from 1.
    pub(super) round: u32,
    /// The local branch.
    pub(super) branch: Option<String>,
    /// The commit that it begins from.
    pub(super) start: Option<String>,
    /// The commit of the base.
    pub(super) base: Option<String>,
    /// Where it is pushed to, as the checkout said before any program ran; none, where nothing is pushed.
    pub(super) push_to: Option<String>,
    pub(super) agent: Option<AgentId>,
    pub(super) tree: Option<PathBuf>,
    /// When the program of this round was started, in milliseconds since 1970.
    pub(super) began_ms: Option<i64>,
    /// Up to when what it printed is in the log.
    pub(super) heard_ms: Option<i64>,
    /// How the program's last round ended.
    pub(super) ended: String,
    pub(super) pushed: bool,
    /// Once it was made, and until it is removed.
    pub(super) container: Option<Contained>,
    /// Docker has failed: the job is done on this machine itself.
    #[serde(default)]
    pub(super) is_local: bool,
    #[serde(default)]
    pub(super) cost: Cost,
    pub(super) outcome: JobOutcome,
}

impl Versioned for Kept {
    const WHAT: &'static str = "state of a job";
    const VERSION: u32 = 1;
}

impl Kept {
    /// A job that was claimed now.
    pub(super) fn new(server: String, claimed: WorkerJob) -> Self {
        Self {
            server,
            claimed,
            phase: Phase::Prepare,
            ending: None,
            round: 1,
            branch: None,
            start: None,
            base: None,
            push_to: None,
            agent: None,
            tree: None,
            began_ms: None,
            heard_ms: None,
            ended: String::new(),
            pushed: false,
            container: None,
            is_local: false,
            cost: Cost::default(),
            outcome: JobOutcome::default(),
        }
    }

    pub(super) fn claim(&self) -> Claim {
        Claim { job: self.claimed.job.id, fence: self.claimed.fence }
    }

    pub(super) fn id(&self) -> u64 {
        self.claimed.job.id
    }

    /// The name of this round's session.
    pub(super) fn session(&self) -> String {
        format!("job-{}-{}", self.id(), self.round)
    }
}

/// The folder of a worker's jobs; no other process uses it meanwhile.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    _lock: FileLock,
}

impl Folder {
    /// That of a worker.
    ///
    /// # Errors
    /// A worker of that name runs in this home.
    pub(super) fn of(home: &Home, worker: &str) -> Result<Self, Failure> {
        let path = home.path().join("work").join(worker);
        system::create_private_dir(&path, 0o700)?;
        let running = |pid| WorkError::Running { worker: worker.to_owned(), pid };
        let lock = FileLock::try_acquire(&path.join("lock"), "work")?
            .map_err(|holder| running(holder.map(|holder| holder.pid)))?;
        Ok(Self { path, _lock: lock })
    }

    /// What is kept, by number. What cannot be read is left, and is returned as an error.
    pub(super) fn all(&self) -> (Vec<Kept>, Vec<system::Error>) {
        jobs_in(&self.path)
    }
}

/// A job that a home has, and since when no worker is at it; zero while one is.
pub(super) struct Held {
    pub(super) kept: Kept,
    pub(super) worker: String,
    pub(super) since: Duration,
}

/// The folders of all workers of a home.
fn folders(home: &Home) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(home.path().join("work")).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).filter(|path| path.is_dir())
}

/// Whether a worker of a home has a job of this number, readable or not.
pub(super) fn is_written_down(home: &Home, job: &str) -> bool {
    folders(home).any(|folder| folder.join(format!("{job}.json")).exists())
}

/// The jobs that a home has, of all its workers.
pub(super) fn held(home: &Home) -> Vec<Held> {
    let mut all = Vec::new();
    for folder in folders(home) {
        let lock = folder.join("lock");
        let is_running = lock.exists() && !matches!(FileLock::try_acquire(&lock, "look"), Ok(Ok(_)));
        let worker = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for kept in jobs_in(&folder).0 {
            let state = Files::of(&folder, kept.id()).state;
            let changed = state.metadata().and_then(|metadata| metadata.modified());
            let since = changed.ok().filter(|_| !is_running).and_then(|at| at.elapsed().ok());
            all.push(Held { kept, worker: worker.clone(), since: since.unwrap_or_default() });
        }
    }
    all
}

fn jobs_in(folder: &Path) -> (Vec<Kept>, Vec<system::Error>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let paths = entries.map(|entry| entry.path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for path in paths {
        match system::read_versioned::<Kept>(&path) {
            Ok(kept) => found.extend(kept),
            Err(error) => wrong.push(error),
        }
    }
    found.sort_by_key(Kept::id);
    (found, wrong)
}

/// The files of one job.
#[derive(Debug, Clone)]
pub(super) struct Files {
    state: PathBuf,
    directory: PathBuf,
}

impl Files {
    pub(super) fn of(folder: &Path, job: u64) -> Self {
        Self { state: folder.join(format!("{job}.json")), directory: folder.join(job.to_string()) }
    }

    pub(super) fn save(&self, kept: &Kept) -> system::Result<()> {
        system::create_private_dir(&self.directory, 0o700)?;
        system::write_versioned(&self.state, kept)
    }

    /// The same where a crash of the machine may take it.
    pub(super) fn note(&self, kept: &Kept) {
        // the next step is written with care
        let _ = system::write_fleeting(&self.state, kept);
    }

    /// A worker is at this job now: what [`held`] reads.
    pub(super) fn beat(&self) {
        // a job that is over has none any more
        if let Ok(file) = File::options().append(true).open(&self.state) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// The containers that jobs beside this one, and this one, run in.
    pub(super) fn containers_in_use(&self) -> Vec<String> {
        let folder = self.state.parent().map(Path::to_owned).unwrap_or_default();
        jobs_in(&folder).0.into_iter().filter_map(|kept| Some(kept.container?.name)).collect()
    }

    /// A file that a container gets, or has left.
    pub(super) fn of_container(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where the program says that it is done.
    pub(super) fn completion(&self) -> PathBuf {
        self.directory.join("completion.txt")
    }

    pub(super) fn prompt(&self, round: u32) -> PathBuf {
        self.directory.join(format!("prompt-{round}.md"))
    }

    pub(super) fn verdict(&self, round: u32) -> PathBuf {
        self.directory.join(format!("verify-{round}.json"))
    }

    /// The job is over.
    pub(super) fn remove(&self) {
        // without its state the rest means nothing
        let _ = std::fs::remove_file(&self.state);
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
