//! pytest in its long, short and absent traceback styles.
//!
//! ```text
//! E       ZeroDivisionError: division by zero        tests/test_totals.py:13: in test_ratio
//!                                                        ratio(1, 0)
//! app/totals.py:9: ZeroDivisionError                 E   ZeroDivisionError: division by zero
//! ```
//! The frame where it was raised is the place, if it is in the tree, else the nearest one that is.

use super::{Candidate, Emit, Matcher, Rank, names_a_line};

/// Frames of one failure that are kept: the last ones matter.
const FRAMES: usize = 64;

#[derive(Default)]
pub(super) struct Pytest {
    frames: Vec<Candidate>,
    message: Option<String>,
    /// From the heading `____ test_ratio ____`.
    test: Option<String>,
    /// `E   File "…", line 3` of a syntax error.
    syntax: bool,
    /// The last frame was of the short style, where the message comes below.
    short: bool,
}

impl Matcher for Pytest {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if line.starts_with('_')
            && let Some(found) = pattern!(r"^_{2,}(?: (.+) |.*)_{2,}$").captures(line)
        {
            self.test = found.get(1).map(|name| name.as_str().to_owned());
            self.frames.clear();
            self.message = None;
            (self.syntax, self.short) = (false, false);
        } else if let Some(said) = line.strip_prefix("E  ") {
            self.said(said.trim(), emit);
        } else if names_a_line(line)
            && let Some(found) = pattern!(r"^(\S.*?):(\d+):(?: (?:in (.+)|([A-Za-z_][\w.]*)))?\s*$").captures(line)
        {
            let frame = Candidate::new(&found[1], &found[2], None, "", Rank::Error);
            if self.frames.len() == FRAMES {
                self.frames.remove(0);
            }
            self.frames.extend(frame);
            self.short = found.get(3).is_some();
            // the last frame of the long style names the exception, and what it said stands above it
            if let Some(raised) = found.get(4) {
                let message = self.message.take().unwrap_or_else(|| raised.as_str().to_owned());
                self.emit(&message, emit);
            }
        } else if line.starts_with(['F', 'E'])
            && let Some(found) = pattern!(r"^(?:FAILED|ERROR) ([^\s:]+\.py)(?:::(\S+))?(?: - (.*))?$").captures(line)
        {
            let message = found.get(3).or(found.get(2)).map_or("failed", |text| text.as_str());
            emit(Candidate::file(&found[1], message).of_test(found.get(2).map(|test| test.as_str())));
        }
    }
}

impl Pytest {
    fn said(&mut self, text: &str, emit: &mut Emit<'_>) {
        if let Some(found) = pattern!(r#"^File "(.+)", line (\d+)"#).captures(text) {
            self.frames.extend(Candidate::new(&found[1], &found[2], None, "", Rank::Error));
            self.syntax = true;
            return;
        }
        if self.syntax {
            if pattern!(r"^\w+(?:Error|Warning|Exception)\b").is_match(text) {
                self.emit(text, emit);
            }
        } else if self.short && self.message.is_none() {
            self.emit(text, emit);
        } else if self.message.is_none() {
            self.message = Some(text.to_owned());
        }
    }

    /// The deepest frame first; among equals the first one counts.
    fn emit(&mut self, message: &str, emit: &mut Emit<'_>) {
        for frame in self.frames.drain(..).rev() {
            emit(Candidate { message: message.to_owned(), ..frame }.of_test(self.test.as_deref()));
        }
        (self.syntax, self.short) = (false, false);
    }
}
