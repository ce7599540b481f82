//! A mail catcher: what applications send by SMTP is kept and shown, and goes nowhere else.

mod serve;

pub use serve::{IDLE_SECONDS, MAX_MESSAGES, MAX_SIZE, MailOptions, serve};
