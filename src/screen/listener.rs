//! What a terminal has to say beside what it shows: its title, and the answers to a program's questions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alacritty_terminal::event::{Event, EventListener, WindowSize};
use alacritty_terminal::vte::ansi::Rgb;

use super::Size;

/// Answers that are kept until they are taken.
const MOST: usize = 64 * 1024;

/// Longest title.
const LONGEST_TITLE: usize = 256;

/// Hears what the interpreter says. Both sides are of one thread; the lock is never held over a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Listener(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) answers: Vec<u8>,
    pub(super) title: Option<String>,
    pub(super) size: Size,
    pub(super) bells: u64,
}

impl Listener {
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventListener for Listener {
    fn send_event(&self, event: Event) {
        let mut heard = self.heard();
        let answer = match event {
            Event::PtyWrite(text) => text,
            Event::ColorRequest(index, answer) => answer(colour(index)),
            Event::TextAreaSizeRequest(answer) => answer(WindowSize {
                num_lines: heard.size.rows,
                num_cols: heard.size.columns,
                cell_width: 8,
                cell_height: 16,
            }),
            Event::Title(title) => {
                heard.title = Some(title.chars().filter(|it| !it.is_control()).take(LONGEST_TITLE).collect());
                return;
            }
            Event::ResetTitle => {
                heard.title = None;
                return;
            }
            Event::Bell => {
                heard.bells += 1;
                return;
            }
            // the clipboard is the viewer's: a program neither reads nor writes it
            _ => return,
        };
        if heard.answers.len() + answer.len() <= MOST {
            heard.answers.extend_from_slice(answer.as_bytes());
        }
    }
}

/// What a program hears that asks for a colour: those of a dark terminal, as most are.
fn colour(index: usize) -> Rgb {
    let grey = |level| Rgb { r: level, g: level, b: level };
    match index {
        // the foreground, and the cursor
        256 | 258 => grey(0xe5),
        257 => grey(0x12),
        232..=255 => grey(8 + 10 * u8::try_from(index - 232).unwrap_or(0)),
        16..=231 => {
            let level = |at: usize| if at == 0 { 0 } else { 55 + 40 * u8::try_from(at).unwrap_or(0) };
            let at = index - 16;
            Rgb { r: level(at / 36), g: level(at / 6 % 6), b: level(at % 6) }
        }
        _ => {
            let (bright, dark) = if index & 8 == 0 { (0xcd, 0) } else { (0xff, 0x55) };
            let channel = |bit: usize| if index & bit == 0 { dark } else { bright };
            Rgb { r: channel(1), g: channel(2), b: channel(4) }
        }
    }
}
