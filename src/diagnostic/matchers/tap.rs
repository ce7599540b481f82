//! TAP with a block below each failed test.
//!
//! vitest writes `not ok 1 - name`, then `message: "..."` and `at: "path:9:22"` as JSON. `node --test` writes
//! `location: '/path:9:22'` (of the test), `error: '...'` or `error: |-` with the text below it, and a stack.

use super::stack::frame;
use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Tap {
    /// Below `not ok`.
    failed: Option<Failed>,
    /// What `not ok` names.
    test: Option<String>,
}

#[derive(Default)]
struct Failed {
    /// The kind of error, and what it says.
    kind: String,
    message: String,
    /// Where node says that the test is.
    location: Option<String>,
    /// The message begins on the next line.
    is_below: bool,
}

impl Matcher for Tap {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim();
        if let Some(rest) = text.strip_prefix("not ok ") {
            self.failed = Some(Failed::default());
            let name = rest.split_once(" - ").map(|(_, name)| name.split(" # ").next().unwrap_or(name));
            self.test = name.map(|name| name.trim().to_owned());
        } else if text.starts_with("ok ") {
            self.failed = None;
        } else if text == "..." {
            // without a stack that leads into the tree, the test's own place
            if let Some(failed) = self.failed.take().filter(|failed| !failed.message.is_empty())
                && let Some(at) = &failed.location
            {
                self.at(at, &failed, emit);
            }
        } else if let Some(failed) = &mut self.failed {
            if failed.is_below && !text.is_empty() {
                // what it is about comes below it
                let separator = if failed.message.is_empty() { "" } else { " " };
                failed.message.push_str(separator);
                failed.message.push_str(text);
                failed.is_below = text.ends_with(':');
            } else if let Some(name) = json(text, "name") {
                failed.kind = name;
            } else if let Some(said) = json(text, "message") {
                failed.message = said;
            } else if let Some(place) = quoted(text, "location") {
                failed.location = Some(place);
            } else if text == "failureType: 'subtestsFailed'" {
                // what failed is said of the tests within
                self.failed = None;
            } else if let Some(said) = quoted(text, "error") {
                failed.message = said;
            } else if text.starts_with("error: |") {
                failed.is_below = true;
            } else if let Some(at) = json(text, "at") {
                if let Some(failed) = &self.failed {
                    self.at(&at, failed, emit);
                }
            } else if failed.location.is_some()
                && !failed.message.is_empty()
                && let Some((path, row, column)) = frame(text)
                && !path.contains("/node_modules/")
            {
                let message = std::mem::take(&mut failed.message);
                self.failed = None;
                self.found(Candidate::new(path, row, Some(column), message, Rank::Error), emit);
            }
        }
    }
}

impl Tap {
    fn at(&self, place: &str, failed: &Failed, emit: &mut Emit<'_>) {
        let Some(found) = pattern!(r"^(.+?):(\d+):(\d+)$").captures(place) else { return };
        let separator = if failed.kind.is_empty() { "" } else { ": " };
        let message = format!("{}{separator}{}", failed.kind, failed.message);
        self.found(Candidate::new(&found[1], &found[2], Some(&found[3]), message, Rank::Error), emit);
    }

    fn found(&self, candidate: Option<Candidate>, emit: &mut Emit<'_>) {
        candidate.map(|place| place.of_test(self.test.as_deref())).map(emit);
    }
}

/// The value of `key: "value"`.
fn json(text: &str, key: &str) -> Option<String> {
    serde_json::from_str(text.strip_prefix(key)?.strip_prefix(": ")?).ok()
}

/// The value of `key: 'value'`, in which a quote is written twice.
fn quoted(text: &str, key: &str) -> Option<String> {
    let value = text.strip_prefix(key)?.strip_prefix(": '")?.strip_suffix('\'')?;
    Some(value.replace("''", "'"))
}
