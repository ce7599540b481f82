//! A pre-commit hook that lets only a verified tree be committed.
//!
//! It asks `harness verify --status`, which takes milliseconds; it never runs the stages. A tree that is
//! no agent's is let through: the hooks folder is shared by all work trees of a repository, and a person
//! who commits in the project's root is not gated. Somebody else's hook is never touched.

use std::path::{Path, PathBuf};

use super::Error;
use crate::report::{Hook, HookOutcome};
use crate::system::{self, Git};

/// What another hook can call to the same effect.
pub(super) const CHAIN: &str = "harness verify --status > /dev/null || [ $? -eq 5 ] || exit 1";

/// The line by which our own hook is known.
const MARK: &str = "# made by `harness hook install`";

fn script(program: &Path) -> String {
    let program = shell_words::quote(&program.to_string_lossy()).into_owned();
    format!(
        r#"#!/bin/sh
{MARK}
# Lets only a tree be committed that `harness verify --full` has passed. Remove it by `harness hook remove`;
# `git commit --no-verify` passes it by once.
harness=$(command -v harness || echo {program})
"$harness" verify --status > /dev/null
case $? in
0) exit 0 ;;
5) exit 0 ;; # no agent's tree
126 | 127) echo "harness is gone: remove $0, or install harness again" >&2; exit 1 ;;
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
    let path = place(tree).await?;
    let script = script(program);
    let outcome = match read(&path)? {
        Some(present) if !is_ours(&present) => return Err(Error::ForeignHook(path)),
        Some(present) if present == script => HookOutcome::Unchanged,
        Some(_) => HookOutcome::Updated,
        None => HookOutcome::Installed,
    };
    if outcome != HookOutcome::Unchanged {
        let folder = path.parent().unwrap_or(tree);
        std::fs::create_dir_all(folder).map_err(system::Error::file("create", folder))?;
        system::write_atomic(&path, script.as_bytes(), 0o755)?;
    }
    Ok(report(&path, outcome))
}

/// Removes the hook, if it is ours.
///
/// # Errors
/// As for [`install`].
pub async fn remove(tree: &Path) -> Result<Hook, Error> {
    let path = place(tree).await?;
    let outcome = match read(&path)? {
        Some(present) if !is_ours(&present) => return Err(Error::ForeignHook(path)),
        Some(_) => {
            system::remove_if_exists(&path)?;
            HookOutcome::Removed
        }
        None => HookOutcome::Unchanged,
    };
    Ok(report(&path, outcome))
}

fn report(path: &Path, outcome: HookOutcome) -> Hook {
    Hook { schema: "harness/hook/1".to_owned(), path: path.display().to_string(), outcome }
}

fn is_ours(script: &str) -> bool {
    script.lines().nth(1) == Some(MARK)
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    let bytes = system::read_optional(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Where git looks for the hook.
async fn place(tree: &Path) -> Result<PathBuf, Error> {
    let arguments =
        ["rev-parse", "--path-format=absolute", "--git-path", "hooks", "--git-common-dir", "--show-toplevel"];
    let output = Git::asking_as_configured(tree).set("safe.directory=*").output(&arguments).await?;
    let text = output.text();
    let lines: Vec<&Path> = text.lines().map(Path::new).collect();
    let (true, [hooks, common, top]) = (output.success, lines.as_slice()) else {
        return Err(Error::NoRepository(tree.to_owned()));
    };
    if !hooks.starts_with(common) && !hooks.starts_with(top) {
        return Err(Error::SharedHooks((*hooks).to_owned()));
    }
    Ok(hooks.join("pre-commit"))
}
