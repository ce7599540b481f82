//! Conductor: `conductor.json`.
//!
//! Source: docs.conductor.build/core/scripts. The setup script runs in the new workspace, the archive script before it
//! is archived.

use super::edit::Edit;
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "conductor",
    files: &[File::of(
        "conductor.json",
        &[
            Edit::JsonScript { keys: ["scripts", "setup"], event: "setup" },
            Edit::JsonScript { keys: ["scripts", "archive"], event: "archive" },
        ],
    )],
    events: &[Event::new("setup", Does::Launch), Event::new("archive", Does::Remove)],
    tree: &["CONDUCTOR_WORKSPACE_PATH"],
    json: false,
};
