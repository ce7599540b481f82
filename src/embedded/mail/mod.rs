//! A mail catcher: what applications send by SMTP is kept and shown, and goes nowhere else.
//!
//! ```text
//! serve      two listeners, until told to end
//! smtp/      the conversation as a state machine, and a thin shell around a socket
//! message    what a raw message says: addresses, text, HTML, attachments
//! mailbox    messages on disk, their summaries in memory
//! query      mailpit's search filters
//! api/       the parts of mailpit's HTTP API that tests use, spelled as mailpit spells them
//! page       plain pages for people
//! ```
//!
//! Any user name and password are taken; the name becomes the message's tag, as with mailpit's
//! `MP_TAGS_USERNAME`. A tag tells whose mail it is, it does not keep anybody out.

mod api;
mod mailbox;
mod message;
mod page;
mod query;
mod serve;
mod smtp;

pub use serve::{IDLE_SECONDS, MAX_MESSAGES, MAX_SIZE, MailOptions, serve};
