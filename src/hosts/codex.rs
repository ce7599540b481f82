//! Codex: a local environment in `.codex/environments/environment.toml`, MCP in `.codex/config.toml`.
//!
//! Source: developers.openai.com/codex/app/local-environments and codex/mcp. The setup script runs when a tree was made
//! for a new thread, the cleanup script before the tree is removed.

use super::edit::{At, Edit};
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "codex",
    files: &[
        File {
            new: "version = 1\nname = \"harness\"\n\n",
            ..File::of(
                ".codex/environments/environment.toml",
                &[Edit::Toml {
                    at: At::End,
                    keys: &["setup", "cleanup"],
                    text: "[setup]\nscript = \"harness hook codex setup\"\n\n[cleanup]\nscript = \"harness hook codex cleanup\"\n",
                }],
            )
        },
        File::of(
            ".codex/config.toml",
            &[Edit::Toml {
                at: At::End,
                keys: &["mcp_servers.harness"],
                text: "[mcp_servers.harness]\ncommand = \"harness\"\nargs = [\"mcp\"]\n",
            }],
        ),
    ],
    events: &[Event::new("setup", Does::Launch), Event::new("cleanup", Does::Remove)],
    tree: &["CODEX_WORKTREE_PATH"],
    json: false,
};
