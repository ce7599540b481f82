//! Sessions: programs on a terminal that live in an agent's stack and that several people may look at and type into.
//!
//! The supervisor keeps them (`supervisor`, "Sessions"). Here is what commands and pages do with them:
//!
//! * start, list and stop, each with the document of `harness session`;
//! * join: a [`Joined`] session has a picture, which is what it shows, a keyboard, which is what is typed into it, and an
//!   ending. Each works by itself: a picture is read from the log, keys go into the terminal, and the supervisor is
//!   asked only for the end and for another size;
//! * `attach`: the three on the user's own terminal. (`serve/terminal.rs` has them in a page.)
//!
//! # Whose size
//!
//! A terminal has one size and viewers may have many. It gets that of the viewer who typed last, or has just come or
//! changed its own: who works in a session sees all of it, and who looks on sees the part around the cursor. The smallest
//! of all sizes (as `tmux` has it by default) lets a forgotten telephone spoil everybody's screen; the largest cuts off
//! what the person at the keyboard needs. One who only looks on changes nothing.

mod attach;
mod detach;
mod ending;
mod error;
mod joined;
mod keyboard;
mod list;
mod picture;
mod start;
mod user_terminal;

pub use attach::{AttachOptions, attach};
pub use detach::DetachKeys;
pub use error::SessionError;
pub use joined::{Joined, written};
pub use list::{end_session, sessions};
pub use start::{SessionRequest, start_session};
