//! What happens to the tree and to its configuration.

use std::path::{Path, PathBuf};

use tokio::sync::Mutex;
use tokio::sync::watch::Receiver;

use super::super::work_tree::WorkTree;
use super::output::Paths;
use crate::project::{FILE, OVERLAY};

/// What is judged.
pub(super) struct State {
    /// The tree and its name; `None` where git has none for it.
    tree: Option<(WorkTree, String)>,
    /// The bytes of the configuration's files.
    configuration: Vec<Option<Vec<u8>>>,
}

/// Where changes are noticed.
pub(super) struct Changes<'a> {
    tree: &'a Path,
    configuration: &'a [PathBuf],
    other_children: &'a Mutex<()>,
    /// How many signs there were.
    signs: Receiver<u64>,
    /// How many of them are done with.
    examined: u64,
}

/// The files that plan and environment of an agent in `tree` come from; each may be absent.
pub(super) fn configuration(tree: &Path, root: &Path) -> Vec<PathBuf> {
    let directories = if tree == root { vec![tree] } else { vec![tree, root] };
    directories.into_iter().flat_map(|directory| [FILE, OVERLAY].map(|name| directory.join(name))).collect()
}

impl<'a> Changes<'a> {
    pub(super) fn new(
        tree: &'a Path,
        configuration: &'a [PathBuf],
        other_children: &'a Mutex<()>,
        signs: Receiver<u64>,
    ) -> Self {
        Self { tree, configuration, other_children, signs, examined: 0 }
    }

    /// Waits until none is missed from now on.
    pub(super) async fn begin(&mut self) {
        self.examined = self.next().await;
    }

    /// Waits for a sign that is not done with.
    async fn next(&mut self) -> u64 {
        let examined = self.examined;
        let came = self.signs.wait_for(|count| *count > examined).await.map(|count| *count);
        match came {
            Ok(count) => count,
            // the watcher has ended, and all of this with it
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until more than `own` is unlike `seen`; returns what is, as [`Self::since`] does. Dropped, it has missed
    /// nothing.
    pub(super) async fn beyond(&mut self, seen: &State, own: &Paths) -> Option<Paths> {
        loop {
            let next = self.next().await;
            let (_, changed) = self.since(seen).await;
            self.examined = next;
            if changed.as_ref().is_none_or(|changed| !changed.is_subset(own)) {
                return changed;
            }
        }
    }

    /// The present state, and the paths that are unlike `seen`; `None` where git has no name for the tree, so that
    /// every sign counts.
    pub(super) async fn since(&self, seen: &State) -> (State, Option<Paths>) {
        let now = self.state().await;
        let changed = self.unlike(seen, &now).await;
        (now, changed)
    }

    async fn unlike(&self, seen: &State, now: &State) -> Option<Paths> {
        let ((former, before), (latter, after)) = (seen.tree.as_ref()?, now.tree.as_ref()?);
        let mut changed = Paths::new();
        if before != after {
            let _alone = self.other_children.lock().await;
            changed.extend(latter.unlike(after, former, before).await.ok()?);
        }
        let files = self.configuration.iter().zip(seen.configuration.iter().zip(&now.configuration));
        for (path, _) in files.filter(|(_, (before, after))| before != after) {
            changed.insert(path.strip_prefix(self.tree).unwrap_or(path).to_string_lossy().into_owned());
        }
        Some(changed)
    }

    /// The present state.
    pub(super) async fn state(&self) -> State {
        let _alone = self.other_children.lock().await;
        // the judgement reports a file that cannot be read
        let configuration = self.configuration.iter().map(|path| std::fs::read(path).ok()).collect();
        State { tree: self.named().await, configuration }
    }

    async fn named(&self) -> Option<(WorkTree, String)> {
        let work_tree = WorkTree::open(self.tree, &std::env::temp_dir()).await.ok()??;
        let name = work_tree.name().await.ok()??;
        Some((work_tree, name))
    }
}
