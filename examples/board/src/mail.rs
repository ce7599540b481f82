//! Invitations over SMTP.

use std::time::Duration;

use anyhow::{Context, Result};
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::settings;

pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub fn from_environment() -> Result<Self> {
        let host = settings::required("SMTP_HOST")?;
        // without TLS: this is the mail server of a development machine
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings::parsed("SMTP_PORT")?)
            .timeout(Some(Duration::from_secs(10)));
        if let Some(user) = settings::optional("SMTP_USER") {
            let password = settings::optional("SMTP_PASSWORD").unwrap_or_default();
            builder = builder.credentials(Credentials::new(user, password));
        }
        let from = settings::optional("MAIL_FROM").unwrap_or_else(|| "Board <board@example.com>".to_owned());
        Ok(Self { transport: builder.build(), from: from.parse().context("environment variable MAIL_FROM")? })
    }

    /// Sends one invitation.
    pub async fn invite(&self, to: Mailbox, site_url: &str) -> Result<()> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject("You are invited to the board")
            .header(ContentType::TEXT_PLAIN)
            .body(format!("Hello,\n\nsomebody would like to read from you on the board:\n\n{site_url}\n"))
            .context("write the invitation")?;
        self.transport.send(message).await.context("send the invitation")?;
        Ok(())
    }
}

/// Reads an address as a person writes it.
pub fn address(text: &str) -> Result<Mailbox> {
    text.trim().parse().with_context(|| format!("`{text}` is not a mail address"))
}
