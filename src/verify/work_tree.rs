//! Naming the state of a work tree: the git tree of everything in it that git does not ignore.
//!
//! The tree is written through a copy of the user's index, so that only files that changed since are
//! hashed, and objects go to a directory that is thrown away: neither index nor repository changes.
//! Content decides, not time: a file that was touched, or changed and changed back, is the same.
//!
//! A populated submodule, or another repository within, counts by its own content, uncommitted work included,
//! whatever `ignore` says of it. `assume-unchanged` and `skip-worktree` hide nothing; only what a sparse checkout
//! leaves out counts as it is committed. A project that lives below its repository's root is named by its own
//! directory alone.

use std::fs::{File, FileTimes};
use std::path::{Path, PathBuf};

use super::Error;
use super::index::Index;
use super::repository::{Repository, git};
use crate::system::{self, Git, RunningGit};

/// How many changed paths are named.
const PATHS: usize = 20;
/// How many paths one call of git is given.
const AT_ONCE: usize = 1000;

/// A work tree whose state can be named.
pub(super) struct WorkTree {
    tree: PathBuf,
    repository: Repository,
    /// The temporary index and objects.
    scratch: tempfile::TempDir,
}

impl WorkTree {
    /// The work tree at `tree`; `None` where no git repository is. `scratch` is a directory for temporary files.
    pub(super) async fn open(tree: &Path, scratch: &Path) -> Result<Option<Self>, Error> {
        let Some(repository) = Repository::of(tree).await? else { return Ok(None) };
        let scratch = tempfile::Builder::new()
            .prefix("tree-")
            .tempdir_in(scratch)
            .map_err(system::Error::file("create a directory in", scratch))?;
        Ok(Some(Self { tree: tree.to_owned(), repository, scratch }))
    }

    /// Takes note of its present state; what it is called is worked out meanwhile.
    pub(super) async fn note(&self) -> Result<Naming, Error> {
        note(&self.tree, &self.repository, self.scratch.path()).await
    }

    /// The name of its present state; `None` where git ignores the whole directory.
    pub(super) async fn name(&self) -> Result<Option<String>, Error> {
        self.note().await?.name().await
    }

    /// The name of what a commit of `index` (the user's own where none is given) would make of this
    /// directory; `None` where the index has nothing of it. It is the same name as that of a work tree with
    /// just this content.
    pub(super) async fn name_of_index(&self, index: Option<&Path>) -> Result<Option<String>, Error> {
        let copy = self.scratch.path().join("commit-index");
        let objects = Objects::of(&self.repository, self.scratch.path());
        std::fs::create_dir_all(&objects.own).map_err(system::Error::file("create", &objects.own))?;
        copy_index(index.unwrap_or(&self.repository.index), &copy)?;
        let git = objects.git(&self.tree).variable("GIT_INDEX_FILE", &copy);
        for (path, inner) in submodules(&self.tree, &self.repository, &Index::read(&copy, &git).await?) {
            let entry = git.text(&["ls-files", "--stage", "--", &path]).await?;
            let Some(commit) = entry.strip_prefix("160000 ").and_then(|rest| rest.split_whitespace().next()) else {
                continue;
            };
            if let Some(name) = self.name_of_link(&path, &inner, commit).await? {
                git.text(&["update-index", "--add", "--cacheinfo", &format!("160000,{name},{path}")]).await?;
            }
        }
        naming(git, &self.repository)?.name().await
    }

    /// The name of what `commit` holds of this directory: the same as that of a work tree with just this content.
    pub(super) async fn name_of_commit(&self, commit: &str) -> Result<Option<String>, Error> {
        let index = self.scratch.path().join("index-of-commit");
        git(&self.tree).variable("GIT_INDEX_FILE", &index).text(&["read-tree", commit]).await?;
        self.name_of_index(Some(&index)).await
    }

    /// Of the directory, from the repository's root: `examples/board/`, or empty.
    pub(super) fn prefix(&self) -> &str {
        &self.repository.prefix
    }

    /// The name of a commit of the submodule at `path`: by its content if just that is checked out.
    async fn name_of_link(&self, path: &str, inner: &Path, commit: &str) -> Result<Option<String>, Error> {
        let asked = git(inner);
        let head = asked.output(&["rev-parse", "HEAD"]).await?;
        let clean = asked.output(&["status", "--porcelain", "--ignore-submodules=none"]).await?;
        let Some(repository) = Repository::of(inner).await? else { return Ok(None) };
        let whole = Index::read(&repository.index, &asked).await?.hides_nothing();
        if head.text() == commit && clean.success && clean.stdout.is_empty() && whole {
            let own = self.scratch.path().join("committed").join(path);
            std::fs::create_dir_all(&own).map_err(system::Error::file("create", &own))?;
            return note(inner, &repository, &own).await?.name().await;
        }
        let tree = asked.output(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{tree}}")]).await?;
        Ok(tree.success.then(|| tree.text()))
    }

    /// Whether it is for certain in the state that was noted last. Cheaper than a name: git has nothing to
    /// add to the index that it has written then. Where it cannot tell the answer is no.
    pub(super) async fn is_as_noted(&self) -> Result<bool, Error> {
        let index = index_in(self.scratch.path());
        let git = Objects::of(&self.repository, self.scratch.path()).git(&self.tree).variable("GIT_INDEX_FILE", &index);
        if !Index::read(&index, &git).await?.links.is_empty() {
            return Ok(false);
        }
        let output = git.output(&["add", "--all", "--sparse", "--dry-run", "."]).await?;
        Ok(output.success && output.stdout.is_empty() && output.stderr.is_empty())
    }

    /// Paths that differ between two states, the first twenty.
    pub(super) async fn differing(&self, before: &str, after: &str) -> Result<Vec<String>, Error> {
        let git = Objects::of(&self.repository, self.scratch.path()).git(&self.tree);
        let mut paths = differing(&git, before, after).await?;
        paths.truncate(PATHS);
        Ok(paths)
    }

    /// All paths that differ between a state that was named here, and `before`, which was named by `earlier`.
    pub(super) async fn unlike(&self, state: &str, earlier: &Self, before: &str) -> Result<Vec<String>, Error> {
        let mut read = Objects::of(&earlier.repository, earlier.scratch.path()).own.into_os_string();
        read.push(":");
        read.push(&self.repository.objects);
        let git = Objects::of(&self.repository, self.scratch.path()).git(&self.tree);
        differing(&git.variable("GIT_ALTERNATE_OBJECT_DIRECTORIES", read), before, state).await
    }
}

async fn differing(git: &Git, before: &str, after: &str) -> Result<Vec<String>, Error> {
    let arguments = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after];
    let output = git.check(&arguments, git.output(&arguments).await?)?;
    let paths = output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Ok(paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

/// The name of a state, while git works it out. The state is that of the moment when this was made.
pub(super) struct Naming {
    git: Git,
    arguments: Vec<String>,
    running: RunningGit,
}

impl Naming {
    /// The name; `None` where git ignores the whole directory.
    pub(super) async fn name(self) -> Result<Option<String>, Error> {
        let output = self.running.output().await?;
        if !output.success && output.stderr.contains("prefix") {
            return Ok(None);
        }
        Ok(Some(self.git.check(&self.arguments, output)?.text()))
    }
}

/// Where git reads and writes objects.
struct Objects {
    own: PathBuf,
    repository: PathBuf,
}

impl Objects {
    fn of(repository: &Repository, scratch: &Path) -> Self {
        Self { own: scratch.join("objects"), repository: repository.objects.clone() }
    }

    /// A git in `tree` that reads both and writes only its own.
    fn git(&self, tree: &Path) -> Git {
        git(tree)
            .variable("GIT_OBJECT_DIRECTORY", &self.own)
            .variable("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.repository)
    }
}

fn index_in(scratch: &Path) -> PathBuf {
    scratch.join("index")
}

async fn note(tree: &Path, repository: &Repository, scratch: &Path) -> Result<Naming, Error> {
    let (objects, index) = (Objects::of(repository, scratch), index_in(scratch));
    std::fs::create_dir_all(&objects.own).map_err(system::Error::file("create", &objects.own))?;
    copy_index(&repository.index, &index)?;
    let git = objects.git(tree).variable("GIT_INDEX_FILE", &index);
    reveal(tree, repository, &git, &Index::read(&index, &git).await?).await?;
    // a file that cannot be read, or a repository without a commit in the middle of the tree, is left
    // out of the name and must not keep the rest from having one
    let _ = git.output(&["add", "--all", "--sparse", "--ignore-errors", "."]).await?;
    name_submodules(tree, repository, scratch, &git, &Index::read(&index, &git).await?).await?;
    naming(git, repository)
}

/// Starts to name the index of `git`.
fn naming(git: Git, repository: &Repository) -> Result<Naming, Error> {
    let mut arguments = vec!["write-tree".to_owned(), "--missing-ok".to_owned()];
    if !repository.prefix.is_empty() {
        arguments.push(format!("--prefix={}", repository.prefix));
    }
    let running = git.start(&arguments)?;
    Ok(Naming { git, arguments, running })
}

/// Copies the index with its time: git takes a file for unchanged only if it is older than the index.
fn copy_index(from: &Path, to: &Path) -> Result<(), Error> {
    let _ = system::remove_if_exists(to)?;
    let mut source = match File::open(from) {
        Ok(source) => source,
        // nothing was ever added
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system::Error::file("open", from)(error).into()),
    };
    let mut copy = || {
        let mut target = File::create(to)?;
        std::io::copy(&mut source, &mut target)?;
        target.set_times(FileTimes::new().set_modified(source.metadata()?.modified()?))
    };
    copy().map_err(system::Error::file("copy the index to", to))?;
    Ok(())
}

/// Puts the name of each populated submodule's state in the place of its commit.
async fn name_submodules(
    tree: &Path,
    repository: &Repository,
    scratch: &Path,
    git: &Git,
    index: &Index,
) -> Result<(), Error> {
    for (path, inner) in submodules(tree, repository, index) {
        let Some(inner_repository) = Repository::of(&inner).await? else { continue };
        let own = scratch.join("submodules").join(&path);
        std::fs::create_dir_all(&own).map_err(system::Error::file("create", &own))?;
        if let Some(name) = Box::pin(note(&inner, &inner_repository, &own)).await?.name().await? {
            let entry = format!("160000,{name},{path}");
            git.text(&["update-index", "--add", "--cacheinfo", &entry]).await?;
        }
    }
    Ok(())
}

/// The repositories within `tree` that are checked out: from its root, and where they are.
fn submodules(tree: &Path, repository: &Repository, index: &Index) -> Vec<(String, PathBuf)> {
    let within = index.links.iter().filter_map(|path| repository.below(path));
    within
        .filter_map(|path| {
            let inner = tree.join(path);
            inner.join(".git").exists().then(|| (path.to_owned(), inner))
        })
        .collect()
}

/// Makes git look at every file again, in the copy of the index that `git` uses. What is not there stays as it is
/// committed only where the checkout is sparse.
async fn reveal(tree: &Path, repository: &Repository, git: &Git, index: &Index) -> Result<(), Error> {
    if index.hides_nothing() {
        return Ok(());
    }
    let assumed: Vec<&str> = index.assumed.iter().filter_map(|path| repository.below(path)).collect();
    let skipped: Vec<&str> = index.skipped.iter().filter_map(|path| repository.below(path)).collect();
    let arguments = ["config", "--type=bool", "--get", "core.sparseCheckout"];
    let sparse = !skipped.is_empty() && git.output(&arguments).await?.text() == "true";
    // a directory of a sparse index is never there as a whole
    let is_there = |path: &&str| !sparse || (!path.ends_with('/') && tree.join(path).symlink_metadata().is_ok());
    let skipped: Vec<&str> = skipped.into_iter().filter(is_there).collect();
    for (option, paths) in [("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)] {
        for part in paths.chunks(AT_ONCE) {
            git.text(&[&["update-index", option, "--"], part].concat()).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
