//! The output of processes: written as it came, read as lines.
//!
//! `logs/<name>.log` holds the bytes of stdout and stderr in the order they were read, so that `tail`,
//! `grep` and editors see the application's own output. `logs/<name>.idx` beside it says which stretch of
//! the file came when and from which stream: 16 bytes a read. Both rotate together to `.1`, `.2` and so
//! on, at a line's end. A position is a pair (generation, offset): the generation grows with every new
//! file and is in the index's first bytes, so that a follower finds its place after a rotation.
//!
//! Writing does nothing per line; lines are framed on reading: 64 KiB at most (a longer one is cut and
//! marked as continued), the last one also without its end, per stream, so that a line of stderr does not
//! break one of stdout.
//!
//! The log of a terminal has a third file, `logs/<name>.screen`: escape sequences that make the screen as it was before
//! the log's first byte. So whoever wants the screen as it stands needs one log file and not all that was ever printed.
//!
//! What cannot be written (disk full) is dropped and counted, since an application must not hang on its
//! own log. A file that was deleted, renamed or truncated by another program is started again.

mod follow;
mod frame;
mod generation;
mod index;
mod query;
mod source;
mod tail;
mod writer;

pub use follow::Follower;
pub use frame::{LogLine, Stream};
pub(crate) use generation::remove;
pub use query::{LogQuery, last_lines, last_word, processes, read};
pub(crate) use tail::since_keyframe;
pub use tail::{Gave, Tail};
pub(crate) use writer::{Limits, Writer};
