//! A stack ends with its tree.
//!
//! The launch leaves a mark of the tree and of the project's root in the stack's directory (`tree.json`). The supervisor
//! looks every second whether the tree is there. A tree that was deleted, by whomever and however, is gone at two looks
//! in a row; then the supervisor stops the stack, and its last act is to start `harness teardown --if-gone`, which
//! removes the rest of the agent if the tree is still gone, and writes to `trees.log` of the home.
//!
//! What is no deletion:
//!
//! - The disk is not mounted ([`Fate::Unreachable`]).
//! - The tree, the project or a directory above was renamed: inotify says so, or an OS process of the stack stands in the
//!   directory at another path. The supervisor notes it (`moved`, with the new path where it is known), and the next
//!   command that finds the tree follows it.
//!
//! A look rather than inotify alone: an event may be lost, a directory in which somebody stands is deleted without one,
//! and a look costs one `stat`. No directory is kept open, because that would keep its disk from being unmounted.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use serde::{Deserialize, Serialize};

use super::own_log::say;
use super::record;
use crate::system::{self, DirectoryMark, Fate, Versioned};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// The log of the teardowns that supervisors start is begun again at this size.
const LOG_LIMIT: u64 = 1 << 20;

/// By what the tree of a stack and its project are known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeMarks {
    /// The tree: all of the work tree.
    pub tree: DirectoryMark,
    /// The project's root.
    pub root: DirectoryMark,
    /// What a teardown needs of the caller's environment: `PATH`, `HOME`.
    pub environment: BTreeMap<String, String>,
}

impl Versioned for TreeMarks {
    const WHAT: &'static str = "mark of the tree";
    const VERSION: u32 = 1;
}

impl TreeMarks {
    /// Those of the stack in `directory`; none if an older version launched it.
    pub fn read(directory: &Path) -> Option<Self> {
        system::read_versioned(&directory.join("tree.json")).ok().flatten()
    }

    /// Leaves them there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, directory: &Path) -> system::Result<()> {
        system::write_versioned(&directory.join("tree.json"), self)
    }
}

/// The supervisor has seen that the tree or the project was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedMove {
    /// The new path of the tree, where it is known.
    pub to: Option<PathBuf>,
}

impl NotedMove {
    /// What the supervisor of the stack in `directory` has noted.
    pub fn read(directory: &Path) -> Option<Self> {
        let text = fs::read_to_string(note(directory)).ok()?;
        let to = Some(text.trim()).filter(|text| !text.is_empty()).map(PathBuf::from);
        // moved, and deleted there
        Some(Self { to }).filter(|noted| noted.to.as_ref().is_none_or(|to| to.exists()))
    }
}

fn note(directory: &Path) -> PathBuf {
    directory.join("moved")
}

/// Looks until the tree of the stack in `directory` was deleted; then sets `vanished` and calls `end`.
pub(crate) async fn watch(directory: PathBuf, vanished: Rc<Cell<bool>>, end: impl FnOnce()) {
    let mut moves = Moves::default();
    let mut looks = 0;
    loop {
        if let Some(marks) = TreeMarks::read(&directory) {
            moves.follow(&marks);
            let fate = marks.tree.fate();
            let root_fate = marks.root.fate();
            let is_root_away = root_fate == Fate::Gone && moves.seen;
            let is_moved = fate == Fate::Gone && (moves.seen || NotedMove::read(&directory).is_some());
            let found = if fate == Fate::Gone { place_of_members(&directory, &marks.tree) } else { None };
            if fate == Fate::There && root_fate == Fate::There {
                moves.seen = false;
                let _ = fs::remove_file(note(&directory));
            } else if is_moved || is_root_away || found.is_some() {
                note_move(&directory, found.as_deref());
                moves.seen = false;
            }
            looks = if fate == Fate::Gone && !is_moved && found.is_none() { looks + 1 } else { 0 };
            if looks == 2 {
                say("supervisor", &format!("the tree {} was deleted: stopping the stack", marks.tree.path().display()));
                vanished.set(true);
                return end();
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn note_move(directory: &Path, found: Option<&Path>) {
    if NotedMove::read(directory).is_some_and(|known| found.is_none() || known.to.as_deref() == found) {
        return;
    }
    let to = found.map_or_else(String::new, |path| format!(" to {}", path.display()));
    say("supervisor", &format!("the tree or its project was renamed{to}; the next command there follows it"));
    let _ = fs::write(note(directory), found.map_or_else(String::new, |path| path.display().to_string()));
}

/// The path of the marked directory, by an OS process of the stack that stands in it.
fn place_of_members(directory: &Path, mark: &DirectoryMark) -> Option<PathBuf> {
    let standing = |pid: u32| fs::read_link(format!("/proc/{pid}/cwd")).ok();
    let leaders = record::read(directory).processes.into_values();
    leaders
        .filter_map(|leader| standing(leader.pid))
        .find_map(|stands| stands.ancestors().find(|above| mark.is(above)).map(Path::to_owned))
}

/// Whether a marked directory, or one above it, was renamed.
#[derive(Default)]
struct Moves {
    events: Option<OwnedFd>,
    of: Option<TreeMarks>,
    seen: bool,
}

impl Moves {
    fn follow(&mut self, marks: &TreeMarks) {
        if self.of.as_ref() != Some(marks) {
            self.events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
            for path in marks.tree.line().chain(marks.root.line()) {
                if let Some(events) = &self.events {
                    // without a watch, what stands in the directory still tells
                    let _ = inotify::add_watch(events, path, WatchFlags::MOVE_SELF);
                }
            }
            self.of = Some(marks.clone());
        }
        let Some(events) = &self.events else { return };
        let mut buffer = [MaybeUninit::<u8>::uninit(); 1024];
        let mut reader = inotify::Reader::new(events, &mut buffer);
        while let Ok(event) = reader.next() {
            self.seen |= event.events().contains(ReadFlags::MOVE_SELF);
        }
    }
}

/// Starts the teardown of the agent whose stack was in `directory`, and does not wait for it.
pub(crate) fn start_teardown(directory: &Path) {
    let (Some(home), Some(agent)) = (directory.ancestors().nth(2), directory.file_name()) else { return };
    let marks = TreeMarks::read(directory);
    let tree = marks.as_ref().map(|marks| format!(" `{}`", marks.tree.path().display())).unwrap_or_default();
    let why =
        format!("{:.0} agent {}: its tree{tree} or its project is gone\n", jiff::Timestamp::now(), agent.display());
    let environment = marks.map(|marks| marks.environment).unwrap_or_default();
    let log = home.join("trees.log");
    let is_long = log.metadata().is_ok_and(|metadata| metadata.len() > LOG_LIMIT);
    let opened = OpenOptions::new().create(true).append(!is_long).write(true).truncate(is_long).mode(0o600).open(&log);
    let begun = opened.and_then(|mut log| log.write_all(why.as_bytes()).map(|()| log));
    let (out, error) = match begun.and_then(|log| Ok((log.try_clone()?, log))) {
        Ok((out, error)) => (Stdio::from(out), Stdio::from(error)),
        Err(_) => (Stdio::null(), Stdio::null()),
    };
    let mut command = Command::new("/proc/self/exe");
    command.arg0("harness").args(["-C", "/", "teardown", "--if-gone"]).arg(agent);
    command.env_clear().envs(environment).env("HARNESS_HOME", home);
    // of a group of its own: whatever is still signalled here is not meant for it
    command.stdin(Stdio::null()).stdout(out).stderr(error).current_dir("/").process_group(0);
    if let Err(error) = command.spawn() {
        say("supervisor", &format!("cannot start the teardown: {error}"));
    }
}
