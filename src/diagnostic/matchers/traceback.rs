//! Python's own tracebacks: unittest, Django, scripts.

use super::{Candidate, Emit, Matcher, Rank};

/// Frames that are kept: the last ones matter.
const FRAMES: usize = 64;

#[derive(Default)]
pub(super) struct Traceback {
    frames: Vec<Candidate>,
    indent: usize,
    /// From unittest's heading `FAIL: test_ratio (tests.Totals)`.
    test: Option<String>,
}

impl Matcher for Traceback {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if text.starts_with("File \"")
            && let Some(found) = pattern!(r#"^File "(.+)", line (\d+)(?:, in .+)?$"#).captures(text)
        {
            if self.frames.is_empty() {
                self.indent = indent;
            } else if self.frames.len() == FRAMES {
                self.frames.remove(0);
            }
            self.frames.extend(Candidate::new(&found[1], &found[2], None, "", Rank::Error));
            return;
        }
        if let Some(test) = line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: "))
            && test.ends_with(')')
        {
            self.test = Some(test.to_owned());
        }
        // source lines are indented deeper than their frame, the exception is not
        if self.frames.is_empty() || text.is_empty() || indent >= self.indent {
            return;
        }
        let is_exception = pattern!(r"^[A-Za-z_][\w.]*(?::|$)").is_match(text);
        for frame in self.frames.drain(..).rev().filter(|_| is_exception) {
            emit(Candidate { message: text.to_owned(), ..frame }.of_test(self.test.as_deref()));
        }
    }
}
