//! Where git looks for hooks.

use std::path::{Path, PathBuf};

use super::super::Error;
use crate::system::Git;

/// What git says of the hooks of one work tree.
pub(super) struct Folders {
    /// The top of the work tree that was asked about.
    pub(super) top: PathBuf,
    /// Where git looks in it.
    pub(super) present: PathBuf,
    /// Where it would look by default.
    pub(super) default: PathBuf,
    /// The folder of our own.
    pub(super) own: PathBuf,
    /// The repository's work trees that exist.
    pub(super) trees: Vec<PathBuf>,
}

impl Folders {
    /// Asks git about `tree`.
    pub(super) async fn of(tree: &Path) -> Result<Self, Error> {
        let git = asking(tree);
        let arguments =
            ["rev-parse", "--path-format=absolute", "--git-path", "hooks", "--git-common-dir", "--show-toplevel"];
        let output = git.output(&arguments).await?;
        let text = output.text();
        let lines: Vec<&Path> = text.lines().map(Path::new).collect();
        let (true, [present, common, top]) = (output.success, lines.as_slice()) else {
            return Err(match git.check(&arguments, output) {
                Err(error) if !error.is_no_repository() => error.into(),
                _ => Error::NoRepository(tree.to_owned()),
            });
        };
        let list = git.output(&["worktree", "list", "--porcelain"]).await?.text();
        let trees = list.lines().filter_map(|line| line.strip_prefix("worktree ")).map(PathBuf::from);
        Ok(Self {
            top: (*top).to_owned(),
            present: (*present).to_owned(),
            default: common.join("hooks"),
            own: common.join("harness").join("hooks"),
            trees: trees.filter(|tree| tree.join(".git").exists()).collect(),
        })
    }

    /// Whether `core.hooksPath` leads elsewhere than to the repository's own folder.
    pub(super) fn is_configured(&self) -> bool {
        self.present != self.default
    }
}

/// git in a work tree, about the user's own settings.
pub(super) fn asking(tree: &Path) -> Git {
    Git::asking_as_configured(tree).set("safe.directory=*")
}

/// The file of the gate in a folder.
pub(super) fn pre_commit(folder: &Path) -> PathBuf {
    folder.join("pre-commit")
}
