//! What a template's step wrote besides the database. A template holds the database alone, so agents in
//! other work trees lack such files: they are named at the build.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ignore::{DirEntry, WalkBuilder};

use crate::system::Git;

/// Directories of caches and builds, which nothing is lost with.
const CACHES: [&str; 16] = [
    ".git",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    "target",
    "dist",
    "build",
    ".next",
    ".nuxt",
    ".turbo",
    ".cache",
    ".pytest_cache",
    ".mypy_cache",
    "log",
    "logs",
];
/// Files that are looked at.
const FILES: usize = 100_000;
/// Files that are named.
const NAMED: usize = 5;

/// The time by the clock that the kernel gives files, which lags some milliseconds behind the precise one.
pub(super) fn now() -> SystemTime {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    UNIX_EPOCH + Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// The files below `tree` that were written since `began` and that git does not track, as a phrase.
pub(super) async fn written_since(tree: &Path, began: SystemTime) -> Option<String> {
    let directory = tree.to_owned();
    let found = tokio::task::spawn_blocking(move || changed(&directory, began)).await.ok()?;
    let mut names = Vec::new();
    let git = Git::asking(tree).set("safe.directory=*");
    for path in &found {
        let fixed = ["--literal-pathspecs", "ls-files", "--error-unmatch", "--"].map(OsStr::new);
        let arguments = [&fixed[..], &[path.as_os_str()]].concat();
        if !git.output(&arguments).await.is_ok_and(|output| output.success) {
            names.push(format!("`{}`", path.display()));
        }
        if names.len() > NAMED {
            break;
        }
    }
    let more = if names.len() > NAMED { ", ..." } else { "" };
    names.truncate(NAMED);
    (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}

fn changed(tree: &Path, began: SystemTime) -> Vec<PathBuf> {
    let since = began.duration_since(UNIX_EPOCH).unwrap_or_default();
    let is_new = |entry: &DirEntry| {
        let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file);
        metadata.is_some_and(|metadata| {
            // the time of the change: what is unpacked from an archive keeps an old time of writing
            let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
            let changed = u64::try_from(seconds).unwrap_or_default();
            (changed, u32::try_from(nanoseconds).unwrap_or_default()) >= (since.as_secs(), since.subsec_nanos())
        })
    };
    let is_kept = |entry: &DirEntry| !CACHES.iter().any(|cache| entry.file_name() == *cache);
    let name = |entry: &DirEntry| entry.path().strip_prefix(tree).map(Path::to_owned).ok();
    let noise = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        matches!(extension, "log" | "pyc" | "tsbuildinfo" | "pid" | "sock")
    };
    let walk = WalkBuilder::new(tree).standard_filters(false).filter_entry(is_kept).build().filter_map(Result::ok);
    let mut found: Vec<PathBuf> =
        walk.take(FILES).filter(is_new).filter_map(|entry| name(&entry)).filter(|path| !noise(path)).collect();
    found.sort_unstable();
    // each costs a call of git
    found.truncate(10 * NAMED);
    found
}
