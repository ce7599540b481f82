//! A spare becomes an agent's tree.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::error::Error;
use super::super::git::ask;
use super::super::make::{Wish, check_out, post_checkout, succeed};
use super::super::origin::Origin;
use super::super::own_path;
use super::super::work::Work;
use super::changes::local_changes;
use super::record::{Contents, SpareTree, Stage, all, settings_of};
use super::source::{is_file, sources};
use super::sweep::{readmit, remove};
use crate::agent::record::WorktreeRecord;
use crate::project::WorktreeSettings;
use crate::system::{self, Deadline, FileLock, Home};

/// How long another process may look at a spare, and the pause before its lock is tried again.
const LOOK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

/// The work tree that a launch wants.
#[derive(Debug)]
pub(in crate::agent) struct Request<'a> {
    pub(in crate::agent) home: &'a Home,
    pub(in crate::agent) wish: &'a Wish<'a>,
    /// Chosen to be made.
    pub(in crate::agent) chosen: &'a WorktreeRecord,
    pub(in crate::agent) origin: &'a Origin,
    pub(in crate::agent) settings: &'a WorktreeSettings,
    /// How long the user's `post-checkout` hook may take.
    pub(in crate::agent) patience: Duration,
}

/// Makes a spare the work tree that was chosen; returns what was brought along from the root, or `None` where there is no
/// spare that fits. `carry` is called with the old and the new tree before the move.
///
/// # Errors
/// git cannot read the repository.
pub(in crate::agent) async fn take(
    request: &Request<'_>,
    work: &Work<'_>,
    carry: impl Fn(&Path, &Path) -> system::Result<()>,
) -> Result<Option<Vec<String>>, Error> {
    let (home, root) = (request.home, request.wish.root);
    let of_project = |spare: &SpareTree| spare.project_root == root && spare.is_ready();
    for spare in all(home).into_iter().filter(of_project) {
        let Some(_lock) = lock(&spare, home).await else { continue };
        let Some(spare) = spare.again(home) else { continue };
        let Some(fit) = fit(request, &spare).await? else { continue };
        let to = request.chosen.path.clone();
        let taken = SpareTree { stage: Stage::Taken(to), ..spare.clone() };
        taken.write(home)?;
        let task = work.events.task(work.subject, format!("take over the spare tree {}", spare.path.display()));
        match hand_out(request, &spare, &fit, work, &carry).await {
            Ok(()) => {
                task.finish();
                readmit(&taken);
                taken.forget(home)?;
                post_checkout(&request.chosen.path, request.patience, work).await?;
                return Ok(Some(fit.copied));
            }
            Err(error) => {
                let why = system::with_causes(&error);
                work.events.note(work.subject, format!("the spare tree could not be used: {why}"));
                remove(home, &taken, false, true).await?;
            }
        }
    }
    Ok(None)
}

/// The lock of a spare that is ready, waited for while somebody only looks at it; `None` for one that is being made, or
/// handed out to another agent.
async fn lock(spare: &SpareTree, home: &Home) -> Option<FileLock> {
    let deadline = Deadline::after("the spare tree", LOOK);
    let settled = deadline.poll(PAUSE, async || {
        let lock = spare.lock(home).ok().flatten();
        let is_ready = || spare.again(home).is_some_and(|spare| spare.is_ready());
        if lock.is_some() || !is_ready() { Some(lock) } else { None }
    });
    settled.await.ok().flatten()
}

/// How a spare is made what is wanted.
struct Fit {
    /// The commit that it is to have.
    target: String,
    /// Whether it has another one.
    stale: bool,
    /// Files that have changed in the root: they are copied again by the launch.
    outdated: Vec<String>,
    /// What was brought along and still holds.
    copied: Vec<String>,
    own_paths: Vec<PathBuf>,
}

async fn fit(request: &Request<'_>, spare: &SpareTree) -> Result<Option<Fit>, Error> {
    let Stage::Ready(contents) = &spare.stage else { return Ok(None) };
    let root = request.wish.root;
    if contents.settings != settings_of(request.settings) || local_changes(spare, contents).await.is_some() {
        return Ok(None);
    }
    let revision = match &request.chosen.branch {
        Some(_) => "HEAD".to_owned(),
        None => format!("refs/heads/{}", request.wish.branch),
    };
    let target = ask(root, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")]).await?;
    let stale = target != contents.head;
    if stale && !contents.changes.is_empty() {
        return Ok(None);
    }
    let present = sources(root, request.settings).await?;
    let Some(outdated) = outdated(contents, &present) else { return Ok(None) };
    let copied = contents.copied.iter().filter(|path| !outdated.contains(path)).cloned().collect();
    Ok(Some(Fit { target, stale, outdated, copied, own_paths: contents.own_paths.clone() }))
}

/// The files that are to be copied again; `None` where a directory would have to be.
fn outdated(contents: &Contents, present: &std::collections::BTreeMap<String, String>) -> Option<Vec<String>> {
    let mut outdated = Vec::new();
    for (path, print) in &contents.sources {
        match present.get(path) {
            Some(now) if now == print => {}
            Some(now) if is_file(now) && is_file(print) => outdated.push(path.clone()),
            _ => return None,
        }
    }
    // what is new there is brought along by the launch
    Some(outdated)
}

async fn hand_out(
    request: &Request<'_>,
    spare: &SpareTree,
    fit: &Fit,
    work: &Work<'_>,
    carry: &impl Fn(&Path, &Path) -> system::Result<()>,
) -> Result<(), Error> {
    let (root, from, to) = (request.wish.root, spare.path.as_path(), request.chosen.path.as_path());
    if fit.stale {
        check_out(from, &fit.target, work).await?;
    }
    for path in &fit.outdated {
        // what git tracks is the commit's
        if ask(from, &["ls-files", "--error-unmatch", "--", path]).await.is_err() {
            system::remove_if_exists(&spare.tree.join(path))?;
        }
    }
    let files: Vec<PathBuf> = fit.own_paths.iter().map(|path| from.join(path)).collect();
    own_path::move_paths_in(&files, from, to).map_err(system::Error::file("write the new path into", from))?;
    if request.chosen.branch.is_some() {
        let reference = format!("refs/heads/{}", request.wish.branch);
        succeed(&["git", "update-ref", "-m", "branch: made by harness", &reference, &fit.target], root, work).await?;
    }
    let reference = format!("refs/heads/{}", request.wish.branch);
    let reason = format!("checkout: moving from {} to {}", fit.target, request.wish.branch);
    succeed(&["git", "symbolic-ref", "-m", &reason, "HEAD", &reference], from, work).await?;
    if let Some(checkout) = system::Checkout::at(from) {
        request.origin.write(&checkout.common, from)?;
    }
    carry(&spare.tree, &request.origin.tree)?;
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(system::Error::file("create", parent))?;
    }
    succeed(&["git", "worktree", "move", &from.to_string_lossy(), &to.to_string_lossy()], root, work).await
}
