//! Symphony: hooks in the front matter of `WORKFLOW.md`.
//!
//! Source: the specification in github.com/openai/symphony. A hook is a shell script in the workspace and ends after `timeout_ms`.
//! `after_create` is where a workflow clones its repository, so a launch is `before_run`, which comes before each attempt:
//! a second launch changes nothing.

use super::edit::{Edit, Section};
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "symphony",
    files: &[File {
        must_exist: true,
        ..File::of(
            "WORKFLOW.md",
            &[Edit::Yaml(Section {
                front_matter: true,
                key: "hooks",
                entries: &[
                    ("before_run", "harness hook symphony before_run"),
                    ("before_remove", "harness hook symphony before_remove"),
                ],
                unless_there: &[("timeout_ms", "1800000")],
            })],
        )
    }],
    events: &[
        Event::new("after_create", Does::Launch),
        Event::new("before_run", Does::Launch),
        Event::new("before_remove", Does::Remove),
    ],
    tree: &[],
    json: false,
};
