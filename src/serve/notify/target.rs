//! A notice as a request.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Request};
use serde_json::{Value, json};

use super::rules::Notice;
use crate::report::NoticeDocument;
use crate::serve::settings::Target;

/// Characters of a message that Telegram takes: 4,096, and some are the link.
const MESSAGE: usize = 3500;

impl Target {
    /// What it is called in logs and metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Telegram { .. } => "telegram",
        }
    }

    /// The request that tells `notice`. `link` is the URL of its page.
    pub(super) fn request(
        &self,
        notice: &Notice,
        link: &str,
        time: &str,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let (url, body) = match self {
            Self::Webhook { url, .. } => (url.to_string(), document(notice, link, time)),
            Self::Telegram { api, token, chat } => {
                let url = format!("{}/bot{}/sendMessage", api.as_str().trim_end_matches('/'), token.expose());
                (url, message(chat, notice, link))
            }
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("harness/", env!("CARGO_PKG_VERSION")));
        if let Self::Webhook { token: Some(token), .. } = self {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        request.body(Full::from(body.to_string()))
    }
}

fn document(notice: &Notice, link: &str, time: &str) -> Value {
    let document = NoticeDocument {
        schema: "harness/notice/1".to_owned(),
        kind: notice.kind,
        title: notice.title.clone(),
        text: notice.text.clone(),
        url: link.to_owned(),
        agent: notice.agent,
        task: notice.task,
        time: time.to_owned(),
    };
    serde_json::to_value(document).unwrap_or_default()
}

/// `sendMessage` of the Bot API. Without `parse_mode` the text is shown as it is.
fn message(chat: &str, notice: &Notice, link: &str) -> Value {
    let mut text: String = notice.title.clone();
    if !notice.text.is_empty() {
        text = format!("{text}\n{}", notice.text);
    }
    let text: String = text.chars().take(MESSAGE).collect();
    json!({
        "chat_id": chat,
        "text": format!("{text}\n{link}"),
        "link_preview_options": { "is_disabled": true },
    })
}
