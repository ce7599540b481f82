//! `watch`: restarting a process when files change.
//!
//! One inotify instance a watched process, one watch a directory. What a `.gitignore` of the tree leaves
//! out is neither watched nor counts, nor does what `ignore` of the config names; `.git` and
//! `node_modules` are never entered. A path that is named and that git leaves out (`dist`) is watched all the same.
//! New directories are taken in as they appear; a path that is removed and made again is watched again. A change
//! counts once nothing more has come for the debounce time.
//!
//! inotify has limits of its own (watches of a user, a queue of events). Both are written to the process's log with
//! the remedy, and what is not watched is shown by `status`; events that were dropped count as a change.

mod changes;
mod root;
mod rules;
mod sign;
mod watcher;

pub(crate) use changes::watch;
pub(crate) use root::{first_wildcard, matcher};
pub(crate) use sign::Sign;
