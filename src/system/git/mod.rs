//! Runs the user's `git`. Every call of git goes through this folder.
//!
//! The repository is the one of the directory that is given, also inside a hook: the variables by which
//! git points its children to a repository or an index are removed. A question ([`Git::asking`]) has no
//! side effects: it runs no hook, no file system monitor, no pager and no maintenance, takes no optional
//! lock and prompts for nothing. An action ([`Git::acting`]) runs the user's hooks wherever git does.
//!
//! A failure carries git's own reason. A call that exceeds its deadline is killed.

mod call;
mod error;
mod streams;

pub use call::{Git, GitOutput, HALF_MADE, HALF_MADE_PAUSE, RunningGit, is_half_made};
pub use error::GitError;
