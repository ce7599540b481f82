//! A look at a work tree without git: whether every file is still what an index says of it.
//!
//! It compares what git compares (`core.checkStat=default`, `core.trustctime=true`), and nanoseconds as well, so that a
//! file which is the same here is the same for git. It never says that a file has changed: where anything is unlike,
//! git is asked. Rules of what is ignored stay with git too.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, open, openat, statat};

use super::super::index::entries;

/// A file that changed this long before git looked, or later, may change again without another time: the kernel's
/// clock for files ticks every 1 to 10 ms.
const TICK: Duration = Duration::from_millis(50);

/// The words of an entry that `lstat` must repeat; all but the mode, of which an index has less.
const FIELDS: [usize; 9] = [0, 1, 2, 3, 4, 5, 7, 8, 9];
const CHANGED: usize = 0;
const MODE: usize = 6;

struct Entry {
    path: Vec<u8>,
    stat: [u32; 10],
}

/// What lies in `tree` beside the files of an index: paths from `tree`, of files and of whole directories. `None` where
/// a file is not for certain as the index says, or is gone.
///
/// `prefix` is that of `tree` in its repository, `index` the content of an index that git has written after a look that
/// began at `looked`.
pub(super) fn beside(tree: &Path, prefix: &str, index: &[u8], looked: SystemTime) -> Option<Vec<Vec<u8>>> {
    let certain = looked.checked_sub(TICK)?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let certain = (u32::try_from(certain.as_secs()).ok()?, certain.subsec_nanos());
    let (mut files, mut sure) = (Vec::new(), true);
    entries(index, |entry| {
        let Some(path) = entry.path.strip_prefix(prefix.as_bytes()) else { return };
        sure &= entry.stage == 0 && (entry.stat[CHANGED], entry.stat[CHANGED + 1]) < certain;
        files.push(Entry { path: path.to_vec(), stat: entry.stat });
    })?;
    if !sure {
        return None;
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(tree, flags, Mode::empty()).ok()?;
    let mut beside = Vec::new();
    look(&root, &files, 0, &mut beside)?;
    Some(beside)
}

/// Looks at the directory whose files begin at `offset` of the paths of `entries`, and at those below.
fn look(directory: &OwnedFd, entries: &[Entry], offset: usize, beside: &mut Vec<Vec<u8>>) -> Option<()> {
    let mut children = children(entries, offset);
    let mut found = 0;
    for item in Dir::read_from(directory).ok()? {
        let item = item.ok()?;
        let name = item.file_name();
        if is_no_content(name, offset) {
            continue;
        }
        let Ok(position) = children.binary_search_by(|child| child.0.cmp(name.to_bytes())) else {
            let parent = entries.first().map_or(&[][..], |entry| &entry.path[..offset]);
            beside.push([parent, name.to_bytes()].concat());
            continue;
        };
        found += 1;
        match std::mem::replace(&mut children[position].1, Child::Seen) {
            Child::File(entry) => same(directory.as_fd(), name, &entry.stat)?,
            Child::Directory(within) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let below = openat(directory, name, flags, Mode::empty()).ok()?;
                look(&below, within, offset + name.to_bytes().len() + 1, beside)?;
            }
            // a directory that changes while it is read can name a file twice
            Child::Seen => return None,
        }
    }
    (found == children.len()).then_some(())
}

enum Child<'a> {
    File(&'a Entry),
    Directory(&'a [Entry]),
    Seen,
}

/// What lies right in a directory, sorted by name.
fn children(entries: &[Entry], offset: usize) -> Vec<(&[u8], Child<'_>)> {
    let mut children = Vec::new();
    let mut at = 0;
    while at < entries.len() {
        let rest = &entries[at].path[offset..];
        let Some(length) = memchr::memchr(b'/', rest) else {
            children.push((rest, Child::File(&entries[at])));
            at += 1;
            continue;
        };
        // what is in one directory stands together, since an index is sorted by whole paths
        let with_slash = &rest[..=length];
        let count = entries[at..].iter().take_while(|entry| entry.path[offset..].starts_with(with_slash)).count();
        children.push((&rest[..length], Child::Directory(&entries[at..at + count])));
        at += count;
    }
    children.sort_unstable_by(|one, other| one.0.cmp(other.0));
    children
}

fn is_no_content(name: &CStr, offset: usize) -> bool {
    matches!(name.to_bytes(), b"." | b"..") || (offset == 0 && name.to_bytes() == b".git")
}

fn same(directory: BorrowedFd<'_>, name: &CStr, stat: &[u32; 10]) -> Option<()> {
    let present = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let words = words(&present);
    let kind = |mode: u32| FileType::from_raw_mode(mode);
    (FIELDS.iter().all(|&field| words[field] == stat[field]) && kind(present.st_mode) == kind(stat[MODE])).then_some(())
}

/// The words of an index entry, as git makes them: what is larger is cut.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the format of the index")]
fn words(stat: &Stat) -> [u32; 10] {
    [
        stat.st_ctime as u32,
        stat.st_ctime_nsec as u32,
        stat.st_mtime as u32,
        stat.st_mtime_nsec as u32,
        stat.st_dev as u32,
        stat.st_ino as u32,
        stat.st_mode,
        stat.st_uid,
        stat.st_gid,
        stat.st_size as u32,
    ]
}
