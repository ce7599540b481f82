//! jest, and the numbered failures of playwright, mocha and cypress: a heading, a message, then a stack.
//!
//! ```text
//!   ● sum › adds                                 1) e2e/home.spec.ts:4:3 › home › has a title ───
//!     expect(received).toBe(expected)               Error: expect(received).toBe(expected)
//!       at Object.toBe (test/sum.test.js:9:23)          at /tree/e2e/home.spec.ts:5:21
//! ```
//! The first frame that is in the tree is the place; without one, the heading's file.

use super::stack::{frame, within};
use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Jest {
    /// From jest's `FAIL path`.
    file: String,
    block: Option<Block>,
}

#[derive(Default)]
struct Block {
    title: String,
    message: Option<String>,
    /// Where to point without a frame.
    fallback: Option<Candidate>,
    frames: bool,
}

impl Matcher for Jest {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim_start();
        if let Some(rest) = text.strip_prefix("FAIL ") {
            self.close(emit);
            // vitest's own line goes on with ` > test`
            rest.split_whitespace().next().unwrap_or_default().clone_into(&mut self.file);
        } else if let Some(title) = text.strip_prefix("● ") {
            self.close(emit);
            if title.contains(" › ") || !self.file.is_empty() {
                let fallback = (!self.file.is_empty()).then(|| Candidate::file(&self.file, ""));
                self.block = Some(Block { title: title.to_owned(), fallback, ..Block::default() });
            }
        } else if text.starts_with(|first: char| first.is_ascii_digit())
            && let Some(found) =
                pattern!(r"^\d+\) (?:\[[^\]]+\] › )?(\S+?):(\d+):(\d+) › (.+?)\s*[─=]*$").captures(text)
        {
            self.close(emit);
            let fallback = Candidate::new(&found[1], &found[2], Some(&found[3]), "", Rank::Shape);
            self.block = Some(Block { title: found[4].to_owned(), fallback, ..Block::default() });
        } else if text.starts_with(|first: char| first.is_ascii_digit())
            && let Some(found) = pattern!(r"^\d+\) (\S.*)$").captures(text)
        {
            self.close(emit);
            self.block = Some(Block { title: found[1].to_owned(), ..Block::default() });
        } else if let Some(block) = &mut self.block {
            block.line(line, text, emit);
        }
    }

    fn end(&mut self, emit: &mut Emit<'_>) {
        self.close(emit);
    }
}

impl Jest {
    fn close(&mut self, emit: &mut Emit<'_>) {
        let Some(block) = self.block.take() else { return };
        if let Some(fallback) = block.fallback.filter(|_| !block.frames) {
            let message =
                block.message.as_deref().map_or(block.title.clone(), |message| format!("{}: {message}", block.title));
            emit(Candidate { message, ..fallback }.of_test(Some(&block.title)));
        }
    }
}

impl Block {
    fn line(&mut self, line: &str, text: &str, emit: &mut Emit<'_>) {
        if text.is_empty() {
            return;
        }
        if let Some((path, row, column)) = frame(line) {
            self.frames = true;
            let message = self.message.as_deref().unwrap_or(&self.title);
            Candidate::new(path, row, Some(column), message, Rank::Error)
                .map(|place| place.of_test(Some(&self.title)))
                .map(emit);
        } else if let Some(place) = within(text) {
            self.frames = true;
            emit(place.of_test(Some(&self.title)));
        } else if let Some(said) = text.strip_prefix("> ")
            && let Some(message) = &mut self.message
            && let Some(name) = message.find("The following error originated from your ")
        {
            // cypress explains itself before it says what happened
            message.replace_range(name.., said);
        } else if let Some(message) = &mut self.message
            && message.ends_with(':')
            && is_error(message)
        {
            message.push(' ');
            message.push_str(text);
        } else if is_error(text) {
            if self.message.as_deref().is_none_or(|message| !is_error(message)) {
                self.message = Some(text.to_owned());
            }
        } else if self.message.is_none() {
            self.message = Some(text.to_owned());
        } else if (text.starts_with("Expected") || text.starts_with("Received"))
            && self.message.as_ref().is_some_and(|message| message.len() < 200)
        {
            // what an assertion is about comes right below it
            if let Some(message) = &mut self.message {
                message.push_str(", ");
                message.push_str(text);
            }
        }
    }
}

/// Whether a line is how an exception prints itself; mocha and cypress put the test's title before it.
fn is_error(text: &str) -> bool {
    text.contains("Error") && pattern!(r"^(?:Uncaught )?\w*Error\b[^:]{0,40}: ").is_match(text)
}
