//! What a program printed last.

use std::collections::VecDeque;

use crate::system::text::{cut, plain};

/// Lines that room is made for at once.
const RESERVED: usize = 40;

/// The last lines, each cut to a length that fits a message.
pub(super) struct Tail {
    lines: VecDeque<String>,
    limit: usize,
}

impl Tail {
    const LINE: usize = 2000;

    pub(super) fn new(limit: usize) -> Self {
        Self { lines: VecDeque::with_capacity(limit.min(RESERVED)), limit }
    }

    pub(super) fn push(&mut self, line: &str) {
        if self.limit == 0 {
            return;
        }
        // the oldest line's memory is used again: of a flood nearly every line is only passed through
        let oldest = if self.lines.len() == self.limit { self.lines.pop_front() } else { None };
        let mut kept = oldest.unwrap_or_default();
        kept.clear();
        kept.push_str(cut(line, Self::LINE));
        self.lines.push_back(kept);
    }

    pub(super) fn finish(self) -> Vec<String> {
        self.lines.iter().map(|line| plain(line)).collect()
    }
}
