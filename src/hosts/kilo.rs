//! Kilo Code: the script `.kilocode/setup-script`, which its Agent Manager runs for a new tree.
//!
//! Source: kilo.ai/docs/automate/agent-manager, and scripts of public repositories for the variables. There is no event
//! for the removal: a stack whose tree is gone ends by itself.

use super::edit::Edit;
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "kilo",
    files: &[File {
        new: "#!/bin/sh\n",
        executable: true,
        ..File::of(".kilocode/setup-script", &[Edit::Shell { text: "harness hook kilo setup\n" }])
    }],
    events: &[Event::new("setup", Does::Launch), Event::new("teardown", Does::Remove)],
    tree: &["WORKTREE_PATH"],
    json: false,
};
