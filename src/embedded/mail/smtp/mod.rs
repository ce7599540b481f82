//! SMTP, as far as a catcher needs it: RFC 5321 with PIPELINING, 8BITMIME, SMTPUTF8, SIZE and AUTH.

mod clients;
mod connection;
mod conversation;

pub(super) use connection::{Limits, serve};
