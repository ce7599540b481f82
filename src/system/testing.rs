//! What tests of several modules do to a repository.

use std::path::Path;
use std::process::Command;

/// Runs git in a directory, as somebody.
pub(crate) fn git(directory: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let done = Command::new("git").args(identity).args(arguments).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
