//! emdash: `.emdash.json`.
//!
//! Source: the project configuration page of emdash's documentation (mintlify.com/generalaction/emdash). The scripts run
//! in the tree of the task.

use super::edit::Edit;
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "emdash",
    files: &[File::of(
        ".emdash.json",
        &[
            Edit::JsonScript { keys: ["scripts", "setup"], event: "setup" },
            Edit::JsonScript { keys: ["scripts", "teardown"], event: "teardown" },
        ],
    )],
    events: &[Event::new("setup", Does::Launch), Event::new("teardown", Does::Remove)],
    tree: &["EMDASH_TASK_PATH"],
    json: false,
};
