//! Orca: `orca.yaml`.
//!
//! Source: docs/site/content/docs/model/orca-yaml.mdx of github.com/stablyai/orca. The setup script runs in the new tree,
//! the archive script before it is removed.

use super::edit::{Edit, Section};
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "orca",
    files: &[File::of(
        "orca.yaml",
        &[Edit::Yaml(Section {
            front_matter: false,
            key: "scripts",
            entries: &[("setup", "harness hook orca setup"), ("archive", "harness hook orca archive")],
            unless_there: &[],
        })],
    )],
    events: &[Event::new("setup", Does::Launch), Event::new("archive", Does::Remove)],
    tree: &["ORCA_WORKTREE_PATH"],
    json: false,
};
