//! Watching the directories of one process.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout_at};

use super::rules::Rules;
use crate::supervisor::readiness::readable;
use crate::supervisor::spec::WatchSpec;

/// Directories that are taken in before others get their turn.
const AT_ONCE: usize = 64;

/// Changes that never end are told after so many debounce times.
const PATIENCE: u32 = 20;

/// What a watcher tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Files have changed, and it is quiet again.
    Changed,
    /// Something is not watched; a sentence with the remedy.
    Trouble(String),
}

/// Watches for ever; tells `hear`.
pub(crate) async fn watch(spec: WatchSpec, mut hear: impl FnMut(Sign)) {
    let mut watcher = match Watcher::new(&spec) {
        Ok(watcher) => watcher,
        Err(error) => return hear(Sign::Trouble(explain(&error, "watch for changes"))),
    };
    for at in 0..watcher.rules.len() {
        let root = spec.paths[at].clone();
        watcher.take_in(at, &root, &mut hear).await;
    }
    let debounce = Duration::try_from_secs_f64(spec.debounce_seconds).unwrap_or(Duration::from_millis(200));
    loop {
        while !watcher.next_batch(None, &mut hear).await {}
        let mut quiet = Instant::now() + debounce;
        let latest = Instant::now() + debounce * PATIENCE;
        while Instant::now() < quiet.min(latest) {
            if watcher.next_batch(Some(quiet.min(latest)), &mut hear).await {
                quiet = Instant::now() + debounce;
            }
        }
        hear(Sign::Changed);
    }
}

struct Watcher {
    events: AsyncFd<OwnedFd>,
    /// The paths of the config.
    roots: Vec<PathBuf>,
    /// Of each of them.
    rules: Vec<Rules>,
    /// Watched directory, and which of the paths it lies below, by watch descriptor.
    directories: HashMap<i32, (usize, PathBuf)>,
    complained: bool,
}

impl Watcher {
    fn new(spec: &WatchSpec) -> io::Result<Self> {
        Ok(Self {
            events: readable(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?)?,
            roots: spec.paths.clone(),
            rules: spec.paths.iter().map(|path| Rules::new(path, &spec.ignore)).collect(),
            directories: HashMap::new(),
            complained: false,
        })
    }

    /// Watches a directory (or file) and all that counts below it.
    async fn take_in(&mut self, at: usize, path: &Path, hear: &mut impl FnMut(Sign)) {
        let mut open = vec![path.to_owned()];
        let mut taken = 0;
        while let Some(directory) = open.pop() {
            self.rules[at].enter(&directory);
            let mask = WatchFlags::CLOSE_WRITE
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO
                | WatchFlags::EXCL_UNLINK;
            match inotify::add_watch(self.events.as_fd(), &directory, mask) {
                Ok(descriptor) => drop(self.directories.insert(descriptor, (at, directory.clone()))),
                Err(error) if !std::mem::replace(&mut self.complained, true) => {
                    hear(Sign::Trouble(explain(&error.into(), &format!("watch `{}`", directory.display()))));
                }
                Err(_) => {}
            }
            let entries = std::fs::read_dir(&directory).into_iter().flatten().filter_map(Result::ok);
            let below = entries.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir())).map(|entry| entry.path());
            open.extend(below.filter(|directory| !self.rules[at].ignores(directory, true)));
            taken += 1;
            if taken % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Takes what has happened, or waits for it; says whether anything of it counts.
    async fn next_batch(&mut self, until: Option<Instant>, hear: &mut impl FnMut(Sign)) -> bool {
        let waiting = async { self.events.readable().await.map(|mut ready| ready.clear_ready()) };
        let came = match until {
            Some(until) => timeout_at(until, waiting).await.unwrap_or(Ok(())),
            None => waiting.await,
        };
        if came.is_err() {
            // the runtime ends
            return std::future::pending().await;
        }
        let (counts, appeared) = self.read(hear);
        for (at, directory) in appeared {
            self.take_in(at, &directory, hear).await;
        }
        counts
    }

    /// Reads all events: whether one counts, and which directories are new.
    fn read(&mut self, hear: &mut impl FnMut(Sign)) -> (bool, Vec<(usize, PathBuf)>) {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = inotify::Reader::new(self.events.as_fd(), &mut buffer);
        let mut counts = false;
        let mut appeared = Vec::new();
        let mut gone = Vec::new();
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                hear(Sign::Trouble(
                    "changes came faster than the kernel keeps them, which counts as a change; if that is often, run \
                     `sysctl fs.inotify.max_queued_events=131072`"
                        .to_owned(),
                ));
                counts = true;
                // new directories may be among what was not told; those that are watched stay as they are
                appeared.extend(self.roots.iter().cloned().enumerate());
                continue;
            }
            if event.events().contains(ReadFlags::IGNORED) {
                gone.push(event.wd());
                continue;
            }
            let Some((at, directory)) = self.directories.get(&event.wd()) else { continue };
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            let path = name.map_or_else(|| directory.clone(), |name| directory.join(name));
            let is_directory = event.events().contains(ReadFlags::ISDIR);
            if self.rules[*at].ignores(&path, is_directory) {
                continue;
            }
            if is_directory && event.events().intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
                appeared.push((*at, path));
                counts = true;
            } else {
                // a file that was just made is told once it is written and closed
                counts |= is_directory || !event.events().contains(ReadFlags::CREATE);
            }
        }
        for descriptor in gone {
            self.directories.remove(&descriptor);
        }
        (counts, appeared)
    }
}

fn explain(error: &io::Error, what: &str) -> String {
    let remedy = match error.raw_os_error() {
        Some(libc::ENOSPC) => "; run `sysctl fs.inotify.max_user_watches=1048576`, or name more in `ignore`",
        Some(libc::EMFILE) => "; run `sysctl fs.inotify.max_user_instances=1024`",
        _ => "",
    };
    format!("cannot {what}, so changes are missed: {error}{remedy}")
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
        watcher.take_in(0, root, &mut |sign| heard.push(sign)).await;
        assert_eq!(heard, []);
        // the root, src with its 50 and 2500, packages, packages/a
        assert_eq!(watcher.directories.len(), 1 + 1 + 50 + 2500 + 2);
        let entered = |name: &str| watcher.directories.values().any(|(_, path)| path.ends_with(name));
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
        watcher.take_in(0, place.path(), &mut |_| ()).await;
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
        assert!(matches!(&heard[..], [Sign::Trouble(text)] if text.contains("max_queued_events")), "{heard:?}");
        assert!(watcher.directories.values().any(|(_, path)| path.ends_with("late")));
    }

    #[test]
    fn limits_are_said_with_the_remedy() {
        let said = |error: i32| explain(&io::Error::from_raw_os_error(error), "watch `src`");
        assert!(said(libc::ENOSPC).contains("max_user_watches") && said(libc::ENOSPC).contains("`src`"));
        assert!(said(libc::EMFILE).contains("max_user_instances"));
    }
}
