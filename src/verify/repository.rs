//! Where a work tree's repository keeps its index and its objects.
//!
//! An ordinary repository, a linked work tree and a submodule are recognised by what lies in `.git`; that
//! costs nothing, and every run begins with it. Anything else git is asked about.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use crate::system::Git;

/// The first look at a large tree hashes every file.
const DEADLINE: Duration = Duration::from_mins(10);

/// What is read of a repository.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// The user's index.
    pub(super) index: PathBuf,
    /// The folder of objects.
    pub(super) objects: PathBuf,
    /// Of the directory, from the repository's root: `examples/board/`, or empty.
    pub(super) prefix: String,
}

impl Repository {
    /// The repository that `tree` is in; `None` where none is.
    pub(super) async fn of(tree: &Path) -> Result<Option<Self>, Error> {
        match found(tree) {
            Some(repository) => Ok(Some(repository)),
            None => asked(tree).await,
        }
    }

    /// A path from the repository's root as one from the directory; `None` where it is beside it, or is no text.
    pub(super) fn below<'a>(&self, path: &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(path.strip_prefix(self.prefix.as_bytes())?).ok()
    }
}

/// git in a work tree, for questions about its content. Who owns the tree does not matter, because its
/// commands are run anyway. What is written is thrown away, so it need not survive.
pub(super) fn git(tree: &Path) -> Git {
    Git::asking(tree)
        .set("safe.directory=*")
        .set("core.splitIndex=false")
        // nothing but content decides whether a file has changed
        .set("core.ignoreStat=false")
        .set("core.checkStat=default")
        .set("core.trustctime=true")
        .set("core.fsync=none")
        .set("core.looseCompression=0")
        .set("advice.addEmbeddedRepo=false")
        .within(DEADLINE)
}

fn found(tree: &Path) -> Option<Repository> {
    let tree = tree.canonicalize().ok()?;
    let root = tree.ancestors().find(|directory| directory.join(".git").symlink_metadata().is_ok())?;
    let entry = root.join(".git");
    let own = if entry.is_dir() {
        entry
    } else {
        root.join(std::fs::read_to_string(entry).ok()?.strip_prefix("gitdir: ")?.trim_end_matches('\n'))
    };
    // a linked work tree shares all but its index
    let shared = match std::fs::read_to_string(own.join("commondir")) {
        Ok(path) => own.join(path.trim_end_matches('\n')),
        Err(_) => own.clone(),
    };
    let objects = shared.join("objects");
    if !own.join("HEAD").is_file() || !objects.is_dir() {
        return None;
    }
    let below = tree.strip_prefix(root).ok()?.to_str()?;
    let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
    Some(Repository { index: own.join("index"), objects, prefix })
}

async fn asked(tree: &Path) -> Result<Option<Repository>, Error> {
    let arguments =
        ["rev-parse", "--path-format=absolute", "--show-prefix", "--git-path", "index", "--git-path", "objects"];
    let output = git(tree).output(&arguments).await?;
    let text = output.text();
    let lines: Vec<&str> = text.split('\n').collect();
    match (output.success, lines.as_slice()) {
        (true, [prefix, index, objects]) => {
            Ok(Some(Repository { index: index.into(), objects: objects.into(), prefix: (*prefix).to_owned() }))
        }
        (false, _) => match git(tree).check(&arguments, output) {
            Err(error) if !error.is_no_repository() => Err(error.into()),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_found_is_what_git_says() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        let run = |arguments: &[&str]| {
            let git = Command::new("git").arg("-C").arg(directory.path()).args(arguments).output().unwrap();
            assert!(git.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&git.stderr));
        };
        let named = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "protocol.file.allow=always"];
        run(&["init", "--quiet", "plain"]);
        std::fs::create_dir_all(at("plain/examples/one")).unwrap();
        run(&[&named[..], &["-C", "plain", "commit", "--quiet", "--allow-empty", "-m", "one"]].concat());
        run(&["-C", "plain", "worktree", "add", "--quiet", "../linked"]);
        run(&[&named[..], &["-C", "plain", "submodule", "--quiet", "add", "../plain", "inner"]].concat());
        std::os::unix::fs::symlink(at("plain/examples"), at("another-way")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for tree in ["plain", "plain/examples/one", "linked", "plain/inner", "another-way/one"] {
            let tree = at(tree);
            let (found, asked) = (found(&tree).unwrap(), runtime.block_on(asked(&tree)).unwrap().unwrap());
            let real = |path: &Path| path.parent().unwrap().canonicalize().unwrap().join(path.file_name().unwrap());
            assert_eq!(real(&found.index), real(&asked.index), "{}", tree.display());
            assert_eq!(real(&found.objects), real(&asked.objects), "{}", tree.display());
            assert_eq!(found.prefix, asked.prefix, "{}", tree.display());
        }
        std::fs::create_dir_all(at("bare")).unwrap();
        assert_eq!(found(&at("bare")), None);
    }
}
