//! Superset: `.superset/config.json`.
//!
//! Source: docs.superset.sh/setup-teardown-scripts. The commands of a list run one after another in the workspace.

use super::edit::Edit;
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "superset",
    files: &[File::of(
        ".superset/config.json",
        &[
            Edit::JsonCommand { key: "setup", instead: None, event: "setup" },
            Edit::JsonCommand { key: "teardown", instead: None, event: "teardown" },
        ],
    )],
    events: &[Event::new("setup", Does::Launch), Event::new("teardown", Does::Remove)],
    tree: &["SUPERSET_WORKSPACE_PATH"],
    json: false,
};
