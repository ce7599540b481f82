//! Watching the directories of one process.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout_at};

use super::root::Root;
use super::sign::{Sign, explain};
use crate::supervisor::readiness::readable;
use crate::supervisor::spec::WatchSpec;

/// Directories that are taken in before others get their turn.
const AT_ONCE: usize = 64;

/// The watches of one process.
pub(super) struct Watcher {
    events: AsyncFd<OwnedFd>,
    /// The paths of the config.
    pub(super) roots: Vec<Root>,
    /// Which of the roots a watched directory lies below, and its path, by watch descriptor. Roots may overlap.
    directories: HashMap<i32, Vec<(usize, PathBuf)>>,
    /// Roots that wait in a directory above them for their base to appear, by watch descriptor.
    waiting: HashMap<i32, Vec<usize>>,
    /// Why a directory could not be watched.
    failure: Option<String>,
    said: Option<String>,
}

/// What a batch of events means.
#[derive(Default)]
struct Batch {
    counts: bool,
    /// New directories.
    appeared: Vec<(usize, PathBuf)>,
    /// Roots whose base went away, or may have come.
    moved: BTreeSet<usize>,
}

impl Watcher {
    pub(super) fn new(spec: &WatchSpec) -> io::Result<Self> {
        Ok(Self {
            events: readable(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?)?,
            roots: spec.paths.iter().map(|path| Root::new(path, &spec.ignore)).collect(),
            directories: HashMap::new(),
            waiting: HashMap::new(),
            failure: None,
            said: None,
        })
    }

    /// Watches a root where it exists, else the nearest directory above it, in which it can appear. A base that is
    /// removed and made again (every clean build) has no watch any more, so its parent is watched then.
    pub(super) async fn arm(&mut self, at: usize, hear: &mut impl FnMut(Sign)) {
        self.disarm(at);
        loop {
            let base = self.roots[at].base.clone();
            self.roots[at].is_there = base.exists();
            if self.roots[at].is_there {
                return self.take_in(at, &base, hear).await;
            }
            let Some(parent) = self.roots[at].nearest_parent().map(Path::to_owned) else { return };
            let mask = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
            if let Some(descriptor) = self.add(&parent, mask, hear) {
                self.waiting.entry(descriptor).or_default().push(at);
            }
            // it may have appeared before the watch did
            if self.roots[at].nearest_parent() == Some(&*parent) && !base.exists() {
                return;
            }
            self.disarm(at);
        }
    }

    /// Removes every watch of a root that serves no other.
    fn disarm(&mut self, at: usize) {
        for directories in self.directories.values_mut() {
            directories.retain(|(of, _)| *of != at);
        }
        for roots in self.waiting.values_mut() {
            roots.retain(|of| *of != at);
        }
        let known: BTreeSet<i32> = self.directories.keys().chain(self.waiting.keys()).copied().collect();
        self.directories.retain(|_, directories| !directories.is_empty());
        self.waiting.retain(|_, roots| !roots.is_empty());
        for descriptor in known {
            if !self.directories.contains_key(&descriptor) && !self.waiting.contains_key(&descriptor) {
                let _ = inotify::remove_watch(self.events.as_fd(), descriptor);
            }
        }
    }

    fn add(&mut self, path: &Path, mask: WatchFlags, hear: &mut impl FnMut(Sign)) -> Option<i32> {
        match inotify::add_watch(self.events.as_fd(), path, mask | WatchFlags::MASK_ADD) {
            Ok(descriptor) => Some(descriptor),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => None,
            Err(error) => {
                if self.failure.is_none() {
                    let text = explain(&error.into(), &format!("watch `{}`", path.display()));
                    hear(Sign::Note(text.clone()));
                    self.failure = Some(text);
                }
                None
            }
        }
    }

    /// Watches a directory (or file) and all that counts below it.
    async fn take_in(&mut self, at: usize, path: &Path, hear: &mut impl FnMut(Sign)) {
        let mut open = vec![path.to_owned()];
        let mut taken = 0;
        while let Some(directory) = open.pop() {
            self.roots[at].enter(&directory);
            let mut mask = WatchFlags::CLOSE_WRITE
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::EXCL_UNLINK;
            if directory == self.roots[at].base {
                mask |= WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
            }
            if let Some(descriptor) = self.add(&directory, mask, hear) {
                let known = self.directories.entry(descriptor).or_default();
                // a directory that was moved has kept its descriptor
                known.retain(|(of, _)| *of != at);
                known.push((at, directory.clone()));
            }
            let entries = std::fs::read_dir(&directory).into_iter().flatten().filter_map(Result::ok);
            let below = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir())).map(|entry| entry.path());
            open.extend(below.filter(|directory| !self.roots[at].leaves_out(directory)));
            taken += 1;
            if taken % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Takes what has happened, or waits for it; returns whether anything of it counts.
    pub(super) async fn next_batch(&mut self, until: Option<Instant>, hear: &mut impl FnMut(Sign)) -> bool {
        let waiting = async { self.events.readable().await.map(|mut ready| ready.clear_ready()) };
        let came = match until {
            Some(until) => timeout_at(until, waiting).await.unwrap_or(Ok(())),
            None => waiting.await,
        };
        if came.is_err() {
            // the runtime ends
            return std::future::pending().await;
        }
        let mut batch = self.read(hear);
        for (at, directory) in std::mem::take(&mut batch.appeared) {
            self.take_in(at, &directory, hear).await;
        }
        for at in std::mem::take(&mut batch.moved) {
            let was_there = self.roots[at].is_there;
            self.arm(at, hear).await;
            batch.counts |= was_there || self.roots[at].is_there;
        }
        self.say_what_is_unwatched(hear);
        batch.counts
    }

    /// Reads all events.
    fn read(&mut self, hear: &mut impl FnMut(Sign)) -> Batch {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = inotify::Reader::new(self.events.as_fd(), &mut buffer);
        let mut batch = Batch::default();
        let mut gone = Vec::new();
        while let Ok(event) = reader.next() {
            let flags = event.events();
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                hear(Sign::Note(
                    "changes came faster than the kernel keeps them, which counts as a change; if that is often, run \
                     `sysctl fs.inotify.max_queued_events=131072`"
                        .to_owned(),
                ));
                batch.counts = true;
                // new directories may be among what was dropped; those that are watched stay as they are
                let there = self.roots.iter().enumerate().filter(|(_, root)| root.is_there);
                batch.appeared.extend(there.map(|(at, root)| (at, root.base.clone())));
                batch.moved.extend(self.waiting.values().flatten());
                continue;
            }
            batch.moved.extend(self.waiting.get(&event.wd()).into_iter().flatten());
            if flags.intersects(ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF) {
                let of = self.directories.get(&event.wd()).into_iter().flatten();
                batch.moved.extend(of.filter(|(at, path)| self.roots[*at].base == *path).map(|(at, _)| *at));
                if flags.contains(ReadFlags::IGNORED) {
                    gone.push(event.wd());
                }
                continue;
            }
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            let is_directory = flags.contains(ReadFlags::ISDIR);
            for (at, directory) in self.directories.get(&event.wd()).into_iter().flatten() {
                let path = name.map_or_else(|| directory.clone(), |name| directory.join(name));
                if !self.roots[*at].counts(&path, is_directory) {
                    continue;
                }
                if is_directory && flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
                    batch.appeared.push((*at, path));
                    batch.counts = true;
                } else {
                    // a file that was just made counts once it is written and closed
                    batch.counts |= is_directory || !flags.contains(ReadFlags::CREATE);
                }
            }
        }
        for descriptor in gone {
            self.directories.remove(&descriptor);
            self.waiting.remove(&descriptor);
        }
        batch
    }

    pub(super) fn say_what_is_unwatched(&mut self, hear: &mut impl FnMut(Sign)) {
        let missing = self.roots.iter().find(|root| !root.is_there);
        let missing = missing.map(|root| format!("watches for `{}`, which does not exist yet", root.base.display()));
        let text = self.failure.clone().or(missing);
        if text != self.said {
            self.said.clone_from(&text);
            hear(Sign::Unwatched(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watcher(root: &Path) -> Watcher {
        let spec =
            WatchSpec { paths: vec![root.to_owned()], ignore: vec!["generated".to_owned()], debounce_seconds: 0.1 };
        Watcher::new(&spec).unwrap()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn thousands_of_directories_are_watched_and_left_out_ones_never_entered() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        std::fs::create_dir(root.join(".git")).unwrap();
        std::fs::write(root.join(".gitignore"), "dist/\n").unwrap();
        for number in 0..2500 {
            for kind in ["src", "node_modules", "dist", "packages/a/node_modules", "packages/a/generated"] {
                if kind == "src" || number < 50 {
                    std::fs::create_dir_all(root.join(format!("{kind}/{}/{number}", number % 50))).unwrap();
                }
            }
        }
        let mut watcher = watcher(root);
        let mut heard = Vec::new();
        watcher.arm(0, &mut |sign| heard.push(sign)).await;
        assert_eq!(heard, []);
        // the root, src with its 50 and 2500, packages, packages/a
        assert_eq!(watcher.directories.len(), 1 + 1 + 50 + 2500 + 2);
        let entered = |name: &str| watcher.directories.values().flatten().any(|(_, path)| path.ends_with(name));
        assert!(entered("src/49/2499") && !entered("node_modules") && !entered("dist") && !entered("generated"));
        std::fs::write(root.join("src/49/2499/deep.ts"), "x").unwrap();
        assert!(watcher.next_batch(None, &mut |_| ()).await);
    }

    #[allow(clippy::print_stdout)] // a test that is skipped says so
    #[tokio::test(flavor = "current_thread")]
    async fn an_overflow_counts_as_a_change_is_said_with_the_remedy_and_misses_no_directory() {
        let queue = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let queue: usize = queue.trim().parse().unwrap();
        if queue > 200_000 {
            println!("skipped: the queue of inotify holds {queue} events on this machine");
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let mut watcher = watcher(place.path());
        watcher.arm(0, &mut |_| ()).await;
        // each file is an event at least
        for number in 0..=queue / 2 {
            std::fs::write(place.path().join(format!("{}", number % 100)), "").unwrap();
            std::fs::remove_file(place.path().join(format!("{}", number % 100))).unwrap();
        }
        std::fs::create_dir(place.path().join("late")).unwrap();
        let mut heard = Vec::new();
        while heard.is_empty() {
            watcher.next_batch(None, &mut |sign| heard.push(sign)).await;
        }
        assert!(matches!(&heard[..], [Sign::Note(text), ..] if text.contains("max_queued_events")), "{heard:?}");
        assert!(watcher.directories.values().flatten().any(|(_, path)| path.ends_with("late")));
    }
}
