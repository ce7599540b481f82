//! Panics of Rust tests and programs, and `cargo fmt --check`. Compiler messages are [`super::boxed`].

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Rust {
    panic: Option<Candidate>,
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
        if line.contains("panicked at ") {
            if let Some(found) = pattern!(r"^thread '.*?' (?:\(\d+\) )?panicked at (.+?):(\d+):(\d+):$").captures(line)
            {
                self.panic = Candidate::new(&found[1], &found[2], Some(&found[3]), "panicked:", Rank::Error);
            } else if let Some(found) = pattern!(r"^thread '.*?' panicked at '(.*)', (.+?):(\d+):(\d+)$").captures(line)
            {
                Candidate::new(&found[2], &found[3], Some(&found[4]), format!("panicked: {}", &found[1]), Rank::Error)
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
