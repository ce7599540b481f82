//! Work trees that a hook makes, because the program's hook takes the place of its own creation.
//!
//! They are where Claude Code makes its own: `.claude/worktrees/<name>` of the main checkout, on branch
//! `worktree-<name>`. A mark in the tree's git directory says that a hook made it: only then a hook removes it, and never
//! with uncommitted work.

use std::path::{Path, PathBuf};

use super::Error;
use crate::report::Failure;
use crate::system::{self, Checkout, Git};

/// The mark.
const MARK: &str = "harness-hook";

/// Makes the tree, or finds it. Returns its path.
pub(super) async fn make(around: &Path, name: &str, base: Option<&str>) -> Result<PathBuf, Failure> {
    if !is_name(name) {
        return Err(Error::TreeName(name.to_owned()).into());
    }
    let main = Checkout::around(around).and_then(|checkout| checkout.main_top()).unwrap_or_else(|| around.to_owned());
    let path = main.join(".claude/worktrees").join(name);
    if Checkout::at(&path).is_some_and(|checkout| checkout.is_linked()) {
        return Ok(path);
    }
    let branch = format!("worktree-{name}");
    let there = path.display().to_string();
    let known = ["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")].map(ToOwned::to_owned);
    let mut arguments = vec!["worktree", "add", "--quiet"];
    if Git::asking(&main).text(&known).await.is_ok() {
        arguments.extend([there.as_str(), &branch]);
    } else {
        arguments.extend(["-b", &branch, &there, base.unwrap_or("HEAD")]);
    }
    Git::acting(&main).text(&arguments).await?;
    if let Some(checkout) = Checkout::at(&path) {
        let mark = checkout.git_dir.join(MARK);
        std::fs::write(&mark, "").map_err(system::Error::file("write", &mark))?;
    }
    Ok(path)
}

/// Removes a tree that [`make`] made, unless it has uncommitted work. Its branch stays.
pub(super) async fn remove(path: &Path) -> Result<(), Failure> {
    let Some(checkout) = Checkout::at(path).filter(|checkout| checkout.git_dir.join(MARK).exists()) else {
        return Ok(());
    };
    let main = checkout.main_top().unwrap_or_else(|| checkout.common.clone());
    Git::acting(main).text(&["worktree", "remove", &path.display().to_string()]).await?;
    Ok(())
}

/// A relative path of plain names.
fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && part.chars().all(|c| c.is_alphanumeric() || ['.', '_', '-', '+'].contains(&c))
    };
    name.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_leads_nowhere_else() {
        assert!(["bright-fox", "feat/one", "v1.2", "agent-a1b2"].into_iter().all(is_name));
        assert!(!["", "..", "../x", "/abs", "a//b", "a/../b", "-x", "a b", "a;b", ".git"].into_iter().any(is_name));
    }
}
