//! Making a spare, and bringing one up to date.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::entry::Entry;
use super::super::error::Error;
use super::super::git::{Standing, ask};
use super::super::make::{check_out, make_detached, post_checkout};
use super::super::own_path;
use super::super::populate::Population;
use super::super::work::Work;
use super::changes::{digest_of_changes, local_changes};
use super::record::{Contents, SpareTree, Stage, lock, marker, name_of, settings_of};
use super::source::sources;
use super::sweep::remove;
use crate::project::{Project, WorktreeSettings};
use crate::render;
use crate::report::{Events, Failure};
use crate::system::proc::{StopPatience, processes_with_marker, stop_processes};
use crate::system::{self, FileLock, Home};

/// More than there may be: names that something else has are passed over.
const NUMBERS: std::ops::Range<usize> = 1..100;

/// Whose spares are made, and where.
#[derive(Debug)]
pub(in crate::agent) struct Making<'a> {
    pub(in crate::agent) home: &'a Home,
    /// The project as its root has it.
    pub(in crate::agent) project: &'a Project,
    pub(in crate::agent) settings: &'a WorktreeSettings,
    /// The directory that spares are made in.
    pub(in crate::agent) directory: &'a Path,
    pub(in crate::agent) events: &'a Events,
}

impl Making<'_> {
    fn patience(&self) -> Duration {
        self.project.launch.timeout
    }
}

/// Makes a spare. `prepare` runs what `[prepare]` has to do in its tree, as a part of the stack with the given marker.
///
/// # Errors
/// git, a copy or a step fails: nothing is left then.
pub(in crate::agent) async fn make(
    making: &Making<'_>,
    prepare: impl AsyncFnOnce(&Path, &[String], &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (home, root) = (making.home, making.project.root.as_path());
    let Some((spare, _lock)) = begin(making).await? else { return Ok(()) };
    let marker = marker(home, &spare.name);
    let work = Work { marker: &marker, events: making.events, subject: &spare.name };
    let made = async {
        if spare.path.starts_with(root) {
            render::keep_out_of_git(&spare.path)?;
        }
        make_detached(root, &spare.path, making.patience(), &work).await?;
        fill(making, &spare, &[], prepare, &work).await
    };
    finish(home, spare.clone(), made.await).await
}

/// Gives a spare the project's present commit, and prepares what has changed. Does nothing where it has that, or where another
/// command works on it; a spare that no launch could take is removed.
///
/// # Errors
/// As for [`make`].
pub(in crate::agent) async fn update(
    making: &Making<'_>,
    spare: &SpareTree,
    prepare: impl AsyncFnOnce(&Path, &[String], &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (home, root) = (making.home, making.project.root.as_path());
    let Some(_lock) = spare.lock(home)? else { return Ok(()) };
    let Some(spare) = spare.again(home) else { return Ok(()) };
    let Stage::Ready(contents) = &spare.stage else { return Ok(()) };
    if local_changes(&spare, contents).await.is_some() {
        return Ok(());
    }
    let head = ask(root, &["rev-parse", "HEAD"]).await.map_err(Failure::from)?;
    let sources = sources(root, making.settings).await?;
    let is_lent = contents.settings == settings_of(making.settings) && contents.sources == sources;
    let is_current = contents.head == head;
    if is_lent && is_current {
        return Ok(());
    }
    if !is_lent || !contents.changes.is_empty() {
        remove(home, &spare, false, false).await?;
        return Ok(());
    }
    let begun = SpareTree { stage: Stage::Making, ..spare.clone() };
    begun.write(home)?;
    let marker = marker(home, &spare.name);
    let work = Work { marker: &marker, events: making.events, subject: &spare.name };
    let made = async {
        check_out(&spare.path, &head, &work).await?;
        post_checkout(&spare.path, making.patience(), &work).await?;
        fill(making, &spare, &contents.copied, prepare, &work).await
    };
    finish(home, begun, made.await).await
}

/// Whether a launch may take a spare over at this moment.
pub(in crate::agent) async fn is_current(spare: &SpareTree) -> bool {
    let Stage::Ready(contents) = &spare.stage else { return false };
    local_changes(spare, contents).await.is_none()
}

/// Chooses a name and a place that nothing has, and writes the record.
async fn begin(making: &Making<'_>) -> Result<Option<(SpareTree, FileLock)>, Failure> {
    let (home, project) = (making.home, making.project);
    let root = project.root.as_path();
    let Some(standing) = Standing::of(root).await? else { return Err(Error::NoRepository(root.to_owned()).into()) };
    for number in NUMBERS {
        let name = name_of(&project.name, root, number);
        let path = making.directory.join(format!("{}-spare-{number}", project.name));
        if path.symlink_metadata().is_ok() || Entry::of(&standing.common, &path).is_some() {
            continue;
        }
        let Some(lock) = lock(home, &name)? else { continue };
        let tree: PathBuf = path.components().chain(standing.below.components()).collect();
        let spare = SpareTree::begun(&name, &project.name, root, (path, tree));
        if spare.again(home).is_some() {
            continue;
        }
        spare.write(home)?;
        return Ok(Some((spare, lock)));
    }
    Ok(None)
}

/// Brings along what git does not, prepares, and looks at what has come of it.
async fn fill(
    making: &Making<'_>,
    spare: &SpareTree,
    copied: &[String],
    prepare: impl AsyncFnOnce(&Path, &[String], &str) -> Result<(), Failure>,
    work: &Work<'_>,
) -> Result<Contents, Failure> {
    let root = making.project.root.as_path();
    // before the copies: what changes meanwhile is found to differ
    let sources = sources(root, making.settings).await?;
    let population = Population {
        root,
        tree: &spare.tree,
        settings: making.settings,
        copied: Some(copied),
        complete: false,
        marker: work.marker,
        events: making.events,
        subject: work.subject,
    };
    let copied = population.run().await?;
    prepare(&spare.tree, &copied, work.marker).await?;
    let marker = work.marker.to_owned();
    // a program that a step has left would go on working at a path that is not there any more
    let ended = move || stop_processes(StopPatience::NONE, || processes_with_marker(&marker));
    let _ = tokio::task::spawn_blocking(ended).await;
    if has_submodules(&spare.path).await? {
        let why = "a step of `[prepare]` has fetched submodules, and git does not move a work tree with submodules";
        return Err(system::Error::file("keep a spare tree in", &spare.path)(std::io::Error::other(why)).into());
    }
    let top = spare.path.clone();
    let own_paths = tokio::task::spawn_blocking(move || own_path::naming(&top)).await;
    let own_paths = own_paths
        .map_err(std::io::Error::other)
        .and_then(|found| found)
        .map_err(system::Error::file("look through", &spare.path))?;
    let relative = |path: PathBuf| path.strip_prefix(&spare.path).map(Path::to_owned).ok();
    Ok(Contents {
        head: ask(&spare.path, &["rev-parse", "HEAD"]).await?,
        changes: digest_of_changes(&spare.path).await?,
        settings: settings_of(making.settings),
        copied,
        sources,
        own_paths: own_paths.into_iter().filter_map(relative).collect(),
    })
}

async fn finish(home: &Home, spare: SpareTree, made: Result<Contents, Failure>) -> Result<(), Failure> {
    match made {
        Ok(contents) => Ok(SpareTree { stage: Stage::Ready(contents), ..spare }.write(home)?),
        Err(failure) => {
            // what cannot be removed now is swept by the next refill; the first failure is the one that explains
            let _ = remove(home, &spare, false, true).await;
            Err(failure)
        }
    }
}

/// Whether steps have made clones of submodules: git refuses to move them.
async fn has_submodules(path: &Path) -> Result<bool, Error> {
    let Some(standing) = Standing::of(path).await? else { return Ok(false) };
    let modules = Entry::of(&standing.common, path).map(|entry| entry.directory().join("modules"));
    Ok(modules.is_some_and(|modules| modules.is_dir()))
}
