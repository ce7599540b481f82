//! Keeps what harness writes into a checkout out of git, without touching a tracked file.
//!
//! In the main checkout the lines go into `info/exclude`. That file rules in every linked work tree too, and
//! what it ignores it ignores everywhere: a line `/AGENTS.md`, written for an agent's tree, would hide the
//! user's own file. A linked work tree therefore has an exclude file of its own, in its git directory. git
//! reads it through `core.excludesFile`, which a conditional include (`includeIf "gitdir:..."`, git 2.13) in
//! the repository's configuration sets for that tree alone. The user's global excludes are copied into it,
//! since there is one such file. `extensions.worktreeConfig` would do the same, but programs that do not know
//! the extension refuse the whole repository.
//!
//! The include goes when its last line goes, or with the tree.

mod lines;
mod location;
mod trees;

pub(super) use lines::tracked;
pub use lines::{exclude_lines, excluded_paths, keep_out_of_git, readmit_to_git};
pub use trees::{forget_tree, forget_trees, mend_trees, tree_section};
