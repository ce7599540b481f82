//! The user's own `git`, so that its configuration holds.

use std::path::Path;
use std::process::{Command, Stdio};

/// What names a repository in the environment. A caller inside a hook has them set, and they would turn
/// git to the hook's repository instead of that of the directory. Source: `git rev-parse
/// --local-env-vars`, less the configuration.
pub const GIT_REPOSITORY: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
];

/// git in `directory`, with nothing on its standard input.
pub fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    for variable in GIT_REPOSITORY {
        git.env_remove(variable);
    }
    git.current_dir(directory).stdin(Stdio::null());
    git
}
