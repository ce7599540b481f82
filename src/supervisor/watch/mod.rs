//! `watch`: restarting a process when files change.
//!
//! One inotify instance a watched process, one watch a directory. What a `.gitignore` of the tree leaves
//! out is neither watched nor counts, nor does what `ignore` of the config names; `.git` and
//! `node_modules` are never entered. New directories are taken in as they appear. A change is told once
//! nothing more has come for the debounce time.
//!
//! inotify has limits of its own (watches of a user, a queue of events). Both are said in the process's
//! log with the remedy; events that were dropped count as a change, since something did.

mod rules;
mod watcher;

pub(crate) use watcher::{Sign, watch};
