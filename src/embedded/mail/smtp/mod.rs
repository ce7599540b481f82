//! SMTP, as far as a catcher needs it: RFC 5321 with PIPELINING, 8BITMIME, SMTPUTF8, SIZE and AUTH.

mod connection;
#[cfg(test)]
mod conversations;
mod session;

pub(super) use connection::{Limits, serve};
pub(super) use session::Envelope;
