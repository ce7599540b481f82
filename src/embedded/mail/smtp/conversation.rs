//! One SMTP conversation as a state machine: bytes in, replies and finished messages out. No I/O.

use std::slice::Iter;

use mail_parser::decoders::base64::base64_decode;
use smtp_proto::request::receiver::{
    DataReceiver, DummyDataReceiver, DummyLineReceiver, LineReceiver, RequestReceiver,
};
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, Error, Request};

use crate::embedded::mail::envelope::Envelope;

const MOST_RECIPIENTS: usize = 1000;

/// What the shell must do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Keep this message, then call [`Conversation::kept`] with what came of it.
    Keep(Envelope),
    /// Close the connection once the replies are out.
    Close,
}

/// A conversation with one client.
pub(super) struct Conversation {
    expecting: Expecting,
    requests: RequestReceiver,
    max_size: usize,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// What the next bytes are.
enum Expecting {
    Command,
    /// The rest of a line that was too long is passed over.
    LongLine(DummyLineReceiver),
    Plain(LineReceiver<()>),
    LoginUser(LineReceiver<()>),
    LoginPassword(LineReceiver<String>),
    Data(DataReceiver, Vec<u8>),
    /// The rest of a message that is too large is passed over.
    LargeData(DummyDataReceiver),
}

impl Conversation {
    /// A new conversation. `replies` gets the greeting.
    pub(super) fn new(max_size: usize, replies: &mut Vec<u8>) -> Self {
        reply(replies, "220 harness ESMTP");
        let requests = RequestReceiver::default();
        Self { expecting: Expecting::Command, requests, max_size, user: None, from: None, to: Vec::new() }
    }

    /// Takes bytes until they are used up (`None`) or something is to be done.
    pub(super) fn advance(&mut self, bytes: &mut Iter<'_, u8>, replies: &mut Vec<u8>) -> Option<Action> {
        loop {
            match &mut self.expecting {
                Expecting::Command => {
                    let request = self.requests.ingest(bytes).map(Request::into_owned);
                    match request {
                        Ok(request) => {
                            if let Some(action) = self.obey(request, replies) {
                                return Some(action);
                            }
                        }
                        Err(Error::NeedsMoreData { .. }) => return None,
                        Err(error) => self.complain(&error, replies),
                    }
                }
                Expecting::LongLine(line) => {
                    if !line.ingest(bytes) {
                        return None;
                    }
                    self.expecting = Expecting::Command;
                }
                Expecting::Plain(line) | Expecting::LoginUser(line) => {
                    if !line.ingest(bytes) {
                        return None;
                    }
                    let line = std::mem::take(&mut line.buf);
                    let plain = matches!(self.expecting, Expecting::Plain(_));
                    self.expecting = Expecting::Command;
                    if plain { self.plain(&line, replies) } else { self.login_user(&line, replies) }
                }
                Expecting::LoginPassword(line) => {
                    if !line.ingest(bytes) {
                        return None;
                    }
                    let (user, password) = (std::mem::take(&mut line.state), std::mem::take(&mut line.buf));
                    self.expecting = Expecting::Command;
                    if password == b"*" { reply(replies, CANCELLED) } else { self.welcome(user, replies) }
                }
                Expecting::Data(receiver, raw) => {
                    let done = receiver.ingest(bytes, raw);
                    if raw.len() > self.max_size {
                        if done {
                            self.refuse_size(replies);
                        } else {
                            self.expecting = Expecting::LargeData(DummyDataReceiver::new_data(receiver));
                        }
                        continue;
                    }
                    if !done {
                        return None;
                    }
                    let raw = std::mem::take(raw);
                    self.expecting = Expecting::Command;
                    let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
                    return Some(Action::Keep(Envelope { user: self.user.clone(), from, to, raw }));
                }
                Expecting::LargeData(receiver) => {
                    if !receiver.ingest(bytes) {
                        return None;
                    }
                    self.refuse_size(replies);
                }
            }
        }
    }

    /// Answers for a message that was to be kept: its id, or none when that failed.
    pub(super) fn kept(id: Option<&str>, replies: &mut Vec<u8>) {
        match id {
            Some(id) => reply(replies, &format!("250 2.0.0 Ok: queued as {id}")),
            None => reply(replies, "452 4.3.1 The message could not be kept"),
        }
    }

    fn obey(&mut self, request: Request<String>, replies: &mut Vec<u8>) -> Option<Action> {
        match request {
            Request::Ehlo { .. } => {
                self.reset();
                for line in ["harness", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
                    reply(replies, &format!("250-{line}"));
                }
                reply(replies, &format!("250-SIZE {}", self.max_size));
                reply(replies, "250 AUTH PLAIN LOGIN");
            }
            Request::Helo { .. } => {
                self.reset();
                reply(replies, "250 harness");
            }
            Request::Auth { mechanism, initial_response } => self.auth(mechanism, &initial_response, replies),
            Request::Mail { from } if from.size > self.max_size => reply(replies, TOO_LARGE),
            Request::Mail { .. } if self.from.is_some() => reply(replies, "503 5.5.1 Sender already given"),
            Request::Mail { from } => {
                self.from = Some(from.address);
                reply(replies, "250 2.1.0 Ok");
            }
            Request::Rcpt { .. } if self.from.is_none() => reply(replies, "503 5.5.1 MAIL first"),
            Request::Rcpt { .. } if self.to.len() >= MOST_RECIPIENTS => {
                reply(replies, "452 4.5.3 Too many recipients");
            }
            Request::Rcpt { to } => {
                self.to.push(to.address);
                reply(replies, "250 2.1.5 Ok");
            }
            Request::Data if self.to.is_empty() => reply(replies, "503 5.5.1 RCPT first"),
            Request::Data => {
                let (mut receiver, mut raw) = (DataReceiver::new(), Vec::new());
                // a dot on the very first line counts as well: let the receiver believe that a line has ended
                receiver.ingest(&mut b"\r\n".iter(), &mut raw);
                raw.clear();
                self.expecting = Expecting::Data(receiver, raw);
                reply(replies, "354 Start mail input; end with <CRLF>.<CRLF>");
            }
            Request::Rset => {
                self.reset();
                reply(replies, "250 2.0.0 Ok");
            }
            Request::Noop { .. } => reply(replies, "250 2.0.0 Ok"),
            Request::Vrfy { .. } => reply(replies, "252 2.5.0 Every address is taken"),
            Request::Help { .. } => reply(replies, "214 2.0.0 Mail is kept here and goes nowhere"),
            Request::Quit => {
                reply(replies, "221 2.0.0 Bye");
                return Some(Action::Close);
            }
            Request::Bdat { .. } => {
                // what follows would be content, which looks like commands
                reply(replies, "502 5.5.1 CHUNKING is not offered");
                return Some(Action::Close);
            }
            Request::StartTls => reply(replies, "502 5.5.1 STARTTLS is not offered"),
            _ => reply(replies, "502 5.5.1 Not implemented"),
        }
        None
    }

    fn complain(&mut self, error: &Error, replies: &mut Vec<u8>) {
        match error {
            Error::InvalidSenderAddress => reply(replies, "501 5.1.7 The sender's address is invalid"),
            Error::InvalidRecipientAddress => reply(replies, "501 5.1.3 The recipient's address is invalid"),
            Error::SyntaxError { syntax } => reply(replies, &format!("501 5.5.4 Expected {syntax}")),
            Error::InvalidParameter { param } => reply(replies, &format!("501 5.5.4 Invalid parameter {param}")),
            Error::UnsupportedParameter { .. } => reply(replies, "555 5.5.4 Unsupported parameter"),
            Error::ResponseTooLong => {
                self.expecting = Expecting::LongLine(DummyLineReceiver::default());
                reply(replies, "500 5.5.6 Line too long");
            }
            _ => reply(replies, "500 5.5.2 Unknown command"),
        }
    }

    fn auth(&mut self, mechanism: u64, response: &str, replies: &mut Vec<u8>) {
        match (mechanism, response) {
            _ if self.user.is_some() => reply(replies, "503 5.5.1 Already authenticated"),
            (AUTH_PLAIN, "") => {
                self.expecting = Expecting::Plain(LineReceiver::default());
                reply(replies, "334 ");
            }
            (AUTH_PLAIN, response) => self.plain(response.as_bytes(), replies),
            (AUTH_LOGIN, "") => {
                self.expecting = Expecting::LoginUser(LineReceiver::default());
                reply(replies, "334 VXNlcm5hbWU6");
            }
            (AUTH_LOGIN, response) => self.login_user(response.as_bytes(), replies),
            _ => reply(replies, "504 5.5.4 PLAIN and LOGIN are offered"),
        }
    }

    /// `authorization NUL user NUL password`, in base64.
    fn plain(&mut self, line: &[u8], replies: &mut Vec<u8>) {
        let decoded = decode(line);
        let mut fields = decoded.as_deref().unwrap_or_default().splitn(3, |byte| *byte == 0).skip(1);
        match (line, fields.next().map(String::from_utf8_lossy), fields.next()) {
            (b"*", ..) => reply(replies, CANCELLED),
            (_, Some(user), Some(_)) => self.welcome(user.into_owned(), replies),
            _ => reply(replies, UNREADABLE),
        }
    }

    fn login_user(&mut self, line: &[u8], replies: &mut Vec<u8>) {
        match decode(line) {
            _ if line == b"*" => reply(replies, CANCELLED),
            Some(user) => {
                self.expecting =
                    Expecting::LoginPassword(LineReceiver::new(String::from_utf8_lossy(&user).into_owned()));
                reply(replies, "334 UGFzc3dvcmQ6");
            }
            None => reply(replies, UNREADABLE),
        }
    }

    fn welcome(&mut self, user: String, replies: &mut Vec<u8>) {
        self.user = Some(user);
        reply(replies, "235 2.7.0 Authentication succeeded");
    }

    fn refuse_size(&mut self, replies: &mut Vec<u8>) {
        self.expecting = Expecting::Command;
        self.reset();
        reply(replies, TOO_LARGE);
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

const CANCELLED: &str = "501 5.7.0 Authentication cancelled";
const UNREADABLE: &str = "501 5.5.2 Cannot decode the response";
const TOO_LARGE: &str = "552 5.3.4 The message is too large";

fn reply(replies: &mut Vec<u8>, line: &str) {
    replies.extend_from_slice(line.as_bytes());
    replies.extend_from_slice(b"\r\n");
}

/// Base64 as AUTH sends it; `=` alone stands for nothing (RFC 4954).
fn decode(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    if line == b"=" { Some(Vec::new()) } else { base64_decode(line) }
}

#[cfg(test)]
mod tests;
