//! A message between SMTP and the mailbox.

/// A message as it came: who sent it to whom, and its bytes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The name given to AUTH.
    pub(super) user: Option<String>,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) raw: Vec<u8>,
}
