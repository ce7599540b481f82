//! vitest's TAP: `not ok 1 - name`, then a block with `message: "..."` and `at: "path:9:22"`.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Tap {
    /// Below `not ok`: the kind of error, and what it says.
    failed: Option<[String; 2]>,
    /// What `not ok` names.
    test: Option<String>,
}

impl Matcher for Tap {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim_start();
        if let Some(rest) = text.strip_prefix("not ok ") {
            self.failed = Some(Default::default());
            let name = rest.split_once(" - ").map(|(_, name)| name.split(" # ").next().unwrap_or(name));
            self.test = name.map(|name| name.trim().to_owned());
        } else if text.starts_with("ok ") || text == "..." {
            self.failed = None;
        } else if let Some([kind, message]) = &mut self.failed {
            if let Some(name) = value(text, "name") {
                *kind = name;
            } else if let Some(said) = value(text, "message") {
                *message = said;
            } else if let Some(at) = value(text, "at")
                && let Some(found) = pattern!(r"^(.+?):(\d+):(\d+)$").captures(&at)
            {
                let separator = if kind.is_empty() { "" } else { ": " };
                let message = format!("{kind}{separator}{message}");
                Candidate::new(&found[1], &found[2], Some(&found[3]), message, Rank::Error)
                    .map(|place| place.of_test(self.test.as_deref()))
                    .map(emit);
            }
        }
    }
}

/// The value of `key: "value"`, which vitest writes as JSON.
fn value(text: &str, key: &str) -> Option<String> {
    serde_json::from_str(text.strip_prefix(key)?.strip_prefix(": ")?).ok()
}
