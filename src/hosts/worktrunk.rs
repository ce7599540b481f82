//! worktrunk: hooks in `.config/wt.toml`.
//!
//! Source: worktrunk.dev/hook. A hook runs in the tree. `pre-` hooks block, and their failure ends the operation; `post-`
//! hooks run in the background. A tree may be made although its application does not start: so it is `post-start`.

use super::edit::{At, Edit};
use super::program::{Does, Event, File, Program};

pub(super) static PROGRAM: Program = Program {
    name: "worktrunk",
    files: &[File::of(
        ".config/wt.toml",
        &[Edit::Toml {
            at: At::Top,
            keys: &["post-start", "pre-remove"],
            text: "post-start = \"harness hook worktrunk post-start\"\npre-remove = \"harness hook worktrunk pre-remove\"\n",
        }],
    )],
    events: &[
        Event::new("pre-start", Does::Launch),
        Event::new("post-start", Does::Launch),
        Event::new("pre-remove", Does::Remove),
    ],
    tree: &[],
    json: false,
};
