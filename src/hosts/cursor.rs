//! Cursor: `.cursor/worktrees.json`, MCP in `.cursor/mcp.json`.
//!
//! Source: cursor.com/docs/configuration/worktrees. The commands run in the new tree; `setup-worktree-unix` counts more
//! than `setup-worktree`. There is no event for the removal: a stack whose tree is gone ends by itself.

use super::edit::Edit;
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "cursor",
    files: &[
        File::of(
            ".cursor/worktrees.json",
            &[Edit::JsonCommand { key: "setup-worktree", instead: Some("setup-worktree-unix"), event: "setup" }],
        ),
        File::of(".cursor/mcp.json", &[Edit::McpServer]),
    ],
    events: &[Event::new("setup", Does::Launch), Event::new("teardown", Does::Remove)],
    tree: &[],
    json: false,
};
