//! Panics of Rust tests and programs, and `cargo fmt --check`. Compiler messages are [`super::boxed`].
//!
//! A documentation test panics at a line of the program that rustdoc made of it; where the example
//! stands is in the heading: `---- src/lib.rs - sum (line 16) stdout ----`.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Rust {
    panic: Option<Candidate>,
    /// The documentation test whose output this is.
    example: Option<Candidate>,
}

/// The test that a thread runs: the harness names a thread after its test.
fn named(thread: &str) -> Option<&str> {
    (thread != "main" && !thread.starts_with('<')).then_some(thread)
}

impl Matcher for Rust {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if let Some(panic) = &mut self.panic {
            let text = line.trim();
            let over = text.is_empty() || text.starts_with("note: ") || text.starts_with("stack backtrace:");
            if !over {
                panic.message.push_str(if panic.message.ends_with(':') { " " } else { ", " });
                panic.message.push_str(text);
            }
            if over || panic.message.len() > 400 {
                self.end(emit);
            }
            return;
        }
        if line.starts_with("---- ") {
            self.example = pattern!(r"^---- (\S+) - .*\(line (\d+)\) stdout ----$")
                .captures(line)
                .and_then(|found| Candidate::new(&found[1], &found[2], None, "panicked:", Rank::Error));
        } else if line.contains("panicked at ") {
            // nextest indents what a test printed
            let line = line.trim_start();
            if let Some(found) =
                pattern!(r"^thread '(.*?)' (?:\(\d+\) )?panicked at (.+?):(\d+):(\d+):$").captures(line)
            {
                let example = self.example.take().filter(|example| example.path == found[2]);
                let panic = Candidate::new(&found[2], &found[3], Some(&found[4]), "panicked:", Rank::Error);
                self.panic = example.or_else(|| Some(panic?.of_test(named(&found[1]))));
            } else if let Some(found) =
                pattern!(r"^thread '(.*?)' panicked at '(.*)', (.+?):(\d+):(\d+)$").captures(line)
            {
                let message = format!("panicked: {}", &found[2]);
                Candidate::new(&found[3], &found[4], Some(&found[5]), message, Rank::Error)
                    .map(|panic| panic.of_test(named(&found[1])))
                    .map(emit);
            }
        } else if line.starts_with("Diff in ")
            && let Some(found) = pattern!(r"^Diff in (.+?)(?::| at line )(\d+):$").captures(line)
        {
            Candidate::new(&found[1], &found[2], None, "not formatted", Rank::Error).map(emit);
        }
    }

    fn end(&mut self, emit: &mut Emit<'_>) {
        if let Some(panic) = self.panic.take() {
            emit(panic);
        }
    }
}
