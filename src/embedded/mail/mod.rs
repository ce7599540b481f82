//! A mail catcher: what applications send by SMTP is kept and shown, and is delivered to no other server.
//!
//! ```text
//! serve      two listeners, until the server is stopped
//! smtp/      the conversation as a state machine, and a thin shell around a socket
//! message    what a raw message says: addresses, text, HTML, attachments
//! mailbox    messages on disk, their summaries in memory
//! query      mailpit's search filters
//! router     which path is answered by what
//! api/       the parts of mailpit's HTTP API that tests use, spelled as mailpit spells them
//! page       plain pages for people
//! ```
//!
//! Any user name and password are accepted; the name becomes the message's tag, as with mailpit's
//! `MP_TAGS_USERNAME`. A tag says whose mail it is. It is not access control.
//!
//! # Why it is written here
//!
//! Where the program `mailpit` is installed it is used instead; this server is for machines without it, so that
//! the native engine downloads nothing for mail. No crate catches mail. Of the 1,585 lines of code here
//! (without tests and comments, November 2026), `mailin-embedded` 0.8 with 9 further crates, the one SMTP server to
//! embed that is still published, would replace `smtp/` (433), whose protocol is `smtp-proto`'s already. It serves
//! each client on a blocking thread of a pool (four by default), holds that thread for five minutes when the client
//! is silent, and leaves the mailbox, the search, the API and the pages to its user all the same. MIME is
//! `mail-parser`'s, HTTP is axum's. What is left is mailpit's behaviour, which tests of applications rely on.

mod api;
mod envelope;
mod mailbox;
mod message;
mod page;
mod query;
mod router;
mod serve;
mod smtp;

pub use serve::{IDLE_SECONDS, MAX_MESSAGES, MAX_SIZE, MailOptions, serve};
