//! A pre-commit hook that lets only a verified tree be committed.
//!
//! It asks `harness verify --status --index`, which takes milliseconds; it never runs the stages. What is
//! judged is what git is about to commit, not what lies in the work tree. A tree that is no agent's is let
//! through: the hooks folder is shared by all work trees of a repository, and a person who commits in the
//! project's root is not gated. A foreign hook is never touched.
//!
//! Where `core.hooksPath` is relative (husky) each work tree has a hooks folder of its own: the hook is
//! installed in all of them, and [`extend`] brings it to one that is made later.

use std::path::{Path, PathBuf};

use super::Error;
use crate::render;
use crate::report::{Hook, HookOutcome};
use crate::system::{self, Git};

/// The line by which our own hook is known.
const MARK: &str = "# made by `harness hook install`";

fn script(program: &Path) -> String {
    let program = shell_words::quote(&program.to_string_lossy()).into_owned();
    format!(
        r#"#!/bin/sh
{MARK}
# Refuses a commit unless this very tree has passed `harness verify --full`. `harness hook remove` removes it;
# `git commit --no-verify` skips it once.
harness=$(command -v harness || echo {program})
"$harness" verify --status --index > /dev/null
case $? in
0 | 5) exit 0 ;; # verified, or not the tree of an agent
126 | 127) echo "harness is not installed any more: install it, or remove $0" >&2; exit 1 ;;
*) echo "not committed: run \`harness verify --full\` first" >&2; exit 1 ;;
esac
"#
    )
}

/// Installs the hook into the repository of `tree`. `program` is harness itself, for when it is not on
/// PATH.
///
/// # Errors
/// No repository, hooks that belong to more than this repository, or a hook that is not ours.
pub async fn install(tree: &Path, program: &Path) -> Result<Hook, Error> {
    let folders = Folders::of(tree).await?;
    let outcome = put(&folders.own, &script(program))?;
    for other in folders.others {
        // a foreign hook stays: the tree that was asked about has ours
        match put(&other, &script(program)) {
            Ok(HookOutcome::Installed) => render::keep_out_of_git(&pre_commit(&other))?,
            Ok(_) | Err(Error::ForeignHook(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(report(&folders.own, outcome))
}

/// Removes the hook, if it is ours.
///
/// # Errors
/// As for [`install`].
pub async fn remove(tree: &Path) -> Result<Hook, Error> {
    let folders = Folders::of(tree).await?;
    let outcome = take_away(&folders.own)?;
    for other in folders.others {
        match take_away(&other) {
            Ok(_) | Err(Error::ForeignHook(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(report(&folders.own, outcome))
}

/// Brings the gate of the project's root to a work tree that has a hooks folder of its own and no hook in
/// it. Says whether it did.
///
/// # Errors
/// git cannot be asked, or the hook cannot be written.
pub async fn extend(root: &Path, tree: &Path, program: &Path) -> Result<bool, Error> {
    let (Ok(from), Ok(to)) = (Folders::of(root).await, Folders::of(tree).await) else { return Ok(false) };
    if !from.relative || from.own == to.own || pre_commit(&to.own).exists() || !is_gated(&from.own)? {
        return Ok(false);
    }
    put(&to.own, &script(program))?;
    render::keep_out_of_git(&pre_commit(&to.own))?;
    Ok(true)
}

/// Whether the hook in `folder` asks harness, itself or through the one that husky's calls.
fn is_gated(folder: &Path) -> Result<bool, Error> {
    let own = read(&pre_commit(folder))?;
    let called = folder.parent().filter(|_| folder.ends_with("_")).map(pre_commit);
    let called = called.map(|path| read(&path)).transpose()?.flatten();
    Ok([own, called].into_iter().flatten().any(|script| script.contains("harness verify --status") || is_ours(&script)))
}

fn put(folder: &Path, script: &str) -> Result<HookOutcome, Error> {
    let path = pre_commit(folder);
    let outcome = match read(&path)? {
        Some(present) if !is_ours(&present) => return Err(Error::ForeignHook(path)),
        Some(present) if present == script => HookOutcome::Unchanged,
        Some(_) => HookOutcome::Updated,
        None => HookOutcome::Installed,
    };
    if outcome != HookOutcome::Unchanged {
        std::fs::create_dir_all(folder).map_err(system::Error::file("create", folder))?;
        system::write_atomic(&path, script.as_bytes(), 0o755)?;
    }
    Ok(outcome)
}

fn take_away(folder: &Path) -> Result<HookOutcome, Error> {
    let path = pre_commit(folder);
    match read(&path)? {
        Some(present) if !is_ours(&present) => Err(Error::ForeignHook(path)),
        Some(_) => {
            system::remove_if_exists(&path)?;
            Ok(HookOutcome::Removed)
        }
        None => Ok(HookOutcome::Unchanged),
    }
}

fn report(folder: &Path, outcome: HookOutcome) -> Hook {
    Hook { schema: "harness/hook/1".to_owned(), path: pre_commit(folder).display().to_string(), outcome }
}

fn pre_commit(folder: &Path) -> PathBuf {
    folder.join("pre-commit")
}

fn is_ours(script: &str) -> bool {
    script.lines().nth(1) == Some(MARK)
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    let bytes = system::read_optional(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Where git looks for hooks.
struct Folders {
    /// In the work tree that was asked about.
    own: PathBuf,
    /// In the repository's other work trees, where each has a folder of its own.
    others: Vec<PathBuf>,
    /// Whether that is so.
    relative: bool,
}

impl Folders {
    async fn of(tree: &Path) -> Result<Self, Error> {
        let git = Git::asking_as_configured(tree).set("safe.directory=*");
        let arguments =
            ["rev-parse", "--path-format=absolute", "--git-path", "hooks", "--git-common-dir", "--show-toplevel"];
        let output = git.output(&arguments).await?;
        let text = output.text();
        let lines: Vec<&Path> = text.lines().map(Path::new).collect();
        let (true, [own, common, top]) = (output.success, lines.as_slice()) else {
            return Err(match git.check(&arguments, output) {
                Err(error) if !error.is_no_repository() => error.into(),
                _ => Error::NoRepository(tree.to_owned()),
            });
        };
        let trees = work_trees(&git).await?;
        let configured = PathBuf::from(git.output(&["config", "--get", "core.hooksPath"]).await?.text());
        let relative = configured.components().next().is_some()
            && own.starts_with(top)
            && !own.starts_with(common)
            && configured.is_relative()
            && !configured.starts_with("~");
        let within = own.starts_with(common) || own.starts_with(top) || trees.iter().any(|tree| own.starts_with(tree));
        if !within {
            return Err(Error::SharedHooks((*own).to_owned()));
        }
        let others = trees.iter().filter(|other| relative && other != top).map(|other| other.join(&configured));
        Ok(Self { own: (*own).to_owned(), others: others.collect(), relative })
    }
}

/// The repository's work trees that exist.
async fn work_trees(git: &Git) -> Result<Vec<PathBuf>, Error> {
    let list = git.output(&["worktree", "list", "--porcelain"]).await?.text();
    let trees = list.lines().filter_map(|line| line.strip_prefix("worktree ")).map(PathBuf::from);
    Ok(trees.filter(|tree| tree.join(".git").exists()).collect())
}
