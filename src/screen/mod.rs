//! What a program on a terminal shows: its output goes in, rows of styled text come out.
//!
//! A [`Screen`] is a terminal without a window (`alacritty_terminal` interprets the bytes). It is used three times over
//! the same bytes:
//!
//! * the supervisor keeps one without scrollback beside each pseudo-terminal, because somebody has to answer what
//!   programs ask a terminal (where is the cursor, what are you, which colours), exactly once and also while nobody
//!   looks on, and because it writes a *keyframe* at the head of each log file: escape sequences that make the screen as
//!   it stands there. So a screen is restored from the last log file alone, however much was printed before;
//! * `harness attach` draws one on the user's terminal through a [`Painter`], which sends what has changed. The bytes
//!   themselves are not passed through: several terminals would each answer a question of the program, a replayed one
//!   would be answered again, and a terminal of another size would show them in the wrong places. Lines that leave the
//!   screen are printed into the terminal's own scrollback;
//! * a page gets [`Snapshot`] and then [`Changes`] since the revision that it has. Neither keeps anything for a viewer,
//!   so one that is slow costs nothing: it asks later and gets what the screen is then.
//!
//! The size of a terminal is part of what is shown, so it stands in the bytes as a [`Mark`], an application program
//! command (`ESC _`), which terminals ignore.

mod colour;
mod interpret;
mod keyframe;
mod listener;
mod mark;
mod modes;
mod paint;
mod row;
mod seen;
mod size;
mod style;
#[cfg(test)]
mod tests;
mod view;

pub use colour::Colour;
pub use interpret::Screen;
pub use mark::Mark;
pub use modes::{Cursor, CursorShape, Modes, Mouse};
pub use paint::Painter;
pub use row::{Row, Run};
pub use size::Size;
pub use style::{Style, Underline};
pub use view::{Changes, Snapshot};
