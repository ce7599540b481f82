//! What a model is told when its session begins: where its application runs, or why it does not.

use std::fmt::Write;

use crate::report::{ErrorDocument, LaunchedAgent};

/// The work tree has its stack; `is_verified`: the project has stages of verify.
pub(super) fn running(agent: &LaunchedAgent, is_verified: bool) -> String {
    let mut text = format!("harness runs this work tree's own copy of the application, as agent {}.\n", agent.agent);
    for (name, url) in &agent.urls {
        let _ = writeln!(text, "{name}: {url}");
    }
    if let Some(guide) = &agent.guide {
        let _ = writeln!(text, "Rules and commands: {guide}");
    }
    if is_verified {
        text.push_str(
            "Run `harness verify` after every change, and `harness verify --full` before you say that you are done.\n",
        );
    }
    text
}

/// The launch failed.
pub(super) fn failed(error: &ErrorDocument) -> String {
    let mut text = format!("harness could not start this work tree's copy of the application: {}\n", error.message);
    for line in error.causes.iter().chain(&error.details).take(20) {
        let _ = writeln!(text, "  {line}");
    }
    if let Some(hint) = &error.hint {
        let _ = writeln!(text, "hint: {hint}");
    }
    text.push_str("Correct the cause, then run `harness launch`.\n");
    text
}

/// A session in the main checkout, which gets no stack unasked.
pub(super) fn main_checkout() -> String {
    "This project runs with harness: `harness launch` starts a copy of the application for this checkout, \
     `harness status` shows it.\n"
        .to_owned()
}
