//! Claude Code: hooks in `.claude/settings.json`, MCP in `.mcp.json`.
//!
//! Source: the pages `hooks` and `worktrees` of code.claude.com/docs/en. A hook gets one JSON object on stdin. What a
//! `SessionStart` prints becomes context of the model; `Stop` may answer with a decision; `WorktreeCreate` replaces the
//! creation of the tree and prints its path alone. Exit code 2 blocks, so no hook of ours ends with it.
//!
//! `SessionStart` keeps Claude Code's own trees (`.claude/worktrees/<name>`, branch `worktree-<name>`). It is not called
//! for the trees of subagents: for them there is `--create`.

use super::edit::Edit;
use super::program::{Does, Event, File, Program};

/// Seconds that a launch may take: a first one builds the template.
const LAUNCH: u32 = 1800;

pub(super) static PROGRAM: Program = Program {
    name: "claude",
    files: &[
        File::of(
            ".claude/settings.json",
            &[
                Edit::ClaudeHook { event: "SessionStart", timeout: LAUNCH, wish: None },
                Edit::ClaudeHook { event: "SessionEnd", timeout: 60, wish: None },
                Edit::ClaudeHook { event: "WorktreeRemove", timeout: 60, wish: None },
                Edit::ClaudeHook { event: "WorktreeCreate", timeout: LAUNCH, wish: Some("create") },
                Edit::ClaudeHook { event: "Stop", timeout: 60, wish: Some("gate") },
            ],
        ),
        File::of(".mcp.json", &[Edit::McpServer]),
    ],
    events: &[
        Event::new("SessionStart", Does::Begin),
        Event::new("SessionEnd", Does::RemoveIfGone),
        Event::new("Stop", Does::Gate),
        Event::new("WorktreeCreate", Does::Create),
        Event::new("WorktreeRemove", Does::Remove),
    ],
    tree: &[],
    json: true,
};
