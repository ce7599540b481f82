//! The server as a whole: options in, until told to end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Messages that are kept.
pub const MAX_MESSAGES: usize = 5000;
/// Bytes of the largest message that is taken.
pub const MAX_SIZE: usize = 32 << 20;
/// Seconds after which a silent client is let go.
pub const IDLE_SECONDS: u64 = 300;

/// How to catch mail.
#[derive(Debug)]
pub struct MailOptions {
    /// Where SMTP listens.
    pub smtp: Vec<SocketAddr>,
    /// Where HTTP listens.
    pub http: Vec<SocketAddr>,
    /// Where messages are kept.
    pub data_dir: PathBuf,
    /// How many; the oldest go.
    pub max_messages: usize,
    /// Bytes of the largest message.
    pub max_size: usize,
    /// After which silence a client is let go.
    pub idle: Duration,
}

/// Serves until SIGTERM.
pub async fn serve(_options: MailOptions) -> crate::embedded::Result<()> {
    Ok(())
}
