//! What a session shows, for one viewer.

use std::path::Path;

use crate::report::Failure;
use crate::screen::{Screen, Size};
use crate::supervisor::logs::{Gave, Tail};

/// Rows of scrollback that a viewer keeps.
const SCROLLBACK: usize = 2000;

/// Read at once; between two of these other things get their turn.
const STEP: usize = 64 * 1024;

/// The screen of a session, read from its log.
#[derive(Debug)]
pub struct Picture {
    tail: Tail,
    screen: Screen,
    buffer: Vec<u8>,
    /// Whether the last look left something to read.
    more: bool,
}

impl Picture {
    /// The screen as it stands, with the scrollback that the log still holds.
    ///
    /// # Errors
    /// The log cannot be watched.
    pub fn of(directory: &Path, name: &str) -> Result<Self, Failure> {
        let (tail, screen) = (Tail::new(directory, name)?, Screen::new(Size::default(), SCROLLBACK));
        let mut picture = Self { tail, screen, buffer: vec![0; STEP], more: true };
        while picture.take() {}
        Ok(picture)
    }

    /// The screen as far as it was read.
    pub fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// Reads a step; false when there was nothing.
    pub fn take(&mut self) -> bool {
        match self.tail.read(&mut self.buffer) {
            Gave::Bytes(count) => self.screen.feed(&self.buffer[..count]),
            Gave::Again(keyframe) => self.screen.feed(&keyframe),
            Gave::Nothing => {
                self.more = false;
                return false;
            }
        }
        // what programs ask the supervisor answers
        self.screen.take_answers();
        self.more = true;
        true
    }

    /// Waits until there is something to take.
    pub async fn changed(&mut self) {
        if !self.more {
            self.tail.changed().await;
            self.more = true;
        }
    }
}
