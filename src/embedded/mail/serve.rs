//! The server as a whole, from its options to SIGTERM.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;

use super::mailbox::Mailbox;
use super::router::router;
use super::smtp;
use crate::embedded::{Result, http, log};
use crate::system::{Stop, http_serve};

/// Messages that are kept unless said otherwise.
pub const MAX_MESSAGES: usize = 5000;
/// Bytes of the largest message that is taken unless said otherwise.
pub const MAX_SIZE: usize = 32 << 20;
/// Seconds after which the connection of a silent client is closed, by default.
pub const IDLE_SECONDS: u64 = 300;

/// How to catch mail.
#[derive(Debug)]
pub struct MailOptions {
    /// Where SMTP listens; normally loopback.
    pub smtp: Vec<SocketAddr>,
    /// Where HTTP listens; normally loopback.
    pub http: Vec<SocketAddr>,
    /// Where messages are kept; made when absent.
    pub data_dir: PathBuf,
    /// How many are kept; the oldest go.
    pub max_messages: usize,
    /// Bytes of the largest message that is taken.
    pub max_size: usize,
    /// After which silence a client's connection is closed.
    pub idle: Duration,
}

/// Serves until SIGTERM or SIGINT. Must run inside a runtime.
pub async fn serve(options: MailOptions) -> Result<()> {
    let stop = Stop::on_signal()?;
    let mailbox = Arc::new(Mailbox::open(&options.data_dir, options.max_messages)?);
    let smtp = http::listen(&options.smtp).await?;
    let web = http::listen(&options.http).await?;
    for address in &options.smtp {
        log::line(&format!("mail: taking SMTP on {address}, messages in {}", options.data_dir.display()));
    }
    for address in &options.http {
        log::line(&format!("mail: showing messages on http://{address}/"));
    }
    let limits = smtp::Limits { size: options.max_size, idle: options.idle };
    let pages = TowerToHyperService::new(router(mailbox.clone()));
    tokio::join!(smtp::serve(smtp, mailbox, limits, stop.clone()), http_serve(web, pages, stop, http::LIMITS));
    Ok(())
}
