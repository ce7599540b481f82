//! An agent's mail in the shared mailbox, through the API that mailpit and the embedded catcher share.

use hyper::Method;

use super::access::Mail;
use super::error::{Error, Result};
use super::{http, service};

impl Mail {
    /// Deletes all mail with exactly this tag; returns how many messages there were.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn delete_tag(&self, tag: &str) -> Result<u64> {
        let path = format!("/api/v1/search?query=tag:{tag}&limit=1");
        let found = self.ask(Method::GET, &path).await?;
        let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
        let count = found["messages_count"].as_u64().unwrap_or(0);
        if count > 0 {
            self.ask(Method::DELETE, &format!("/api/v1/search?query=tag:{tag}")).await?;
        }
        Ok(count)
    }

    async fn ask(&self, method: Method, path: &str) -> Result<String> {
        http::request(method, &self.web_url, path)
            .await
            .map_err(|reason| Error::Refused { service: service::MAIL, reason })
    }
}
