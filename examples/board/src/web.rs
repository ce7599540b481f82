//! The page, rendered from what the API says; `/api/...` is passed on, so that the browser needs one
//! address only.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Form, Path, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{self, Client, Failure};
use crate::settings;

struct Web {
    api: String,
    client: Client,
    pages: Environment<'static>,
}

pub async fn serve() -> Result<()> {
    let web = Web {
        api: settings::required("API_URL")?.trim_end_matches('/').to_owned(),
        client: Client::new(),
        pages: pages()?,
    };
    let routes = Router::new()
        .route("/", get(board).post(write))
        .route("/invite", axum::routing::post(invite))
        .route("/health", get(|| async { "ok" }))
        .route("/api/{*path}", any(pass_on))
        .with_state(Arc::new(web));
    http::serve("web", "FRONTEND_PORT", routes).await
}

fn pages() -> Result<Environment<'static>> {
    let mut pages = Environment::new();
    // the name's ending switches on escaping
    pages.add_template("board.html", include_str!("../templates/board.html")).context("templates/board.html")?;
    Ok(pages)
}

type Shared = State<Arc<Web>>;

#[derive(Deserialize)]
struct Notice {
    notice: Option<String>,
}

async fn board(State(web): Shared, axum::extract::Query(query): axum::extract::Query<Notice>) -> Response {
    match web.render(query.notice.as_deref()).await {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            crate::log::error(format_args!("{error:#}"));
            let page = web.page(&json!({ "error": format!("{error:#}") })).unwrap_or_else(|_| format!("{error:#}"));
            (StatusCode::BAD_GATEWAY, Html(page)).into_response()
        }
    }
}

impl Web {
    async fn render(&self, notice: Option<&str>) -> Result<String> {
        let get = async |path: &str| self.client.get_json::<Value>(&format!("{}/{path}", self.api)).await;
        let (info, messages, uploads) = tokio::try_join!(get("info"), get("messages"), get("uploads"))?;
        self.page(&json!({ "info": info, "messages": messages, "uploads": uploads, "notice": notice }))
    }

    fn page(&self, values: &Value) -> Result<String> {
        self.pages.get_template("board.html")?.render(Serde(values)).context("render the page")
    }

    async fn post(&self, path: &str, document: &Value, done: &str) -> Redirect {
        let notice = match self.client.post_json(&format!("{}/{path}", self.api), document).await {
            Ok(_) => done.to_owned(),
            Err(error) => format!("{error:#}"),
        };
        Redirect::to(&format!("/?notice={}", encode(&notice)))
    }
}

#[derive(Deserialize)]
struct NewMessage {
    author: String,
    body: String,
}

async fn write(State(web): Shared, Form(new): Form<NewMessage>) -> Redirect {
    web.post("messages", &json!({ "author": new.author, "body": new.body }), "Your message is on the board.").await
}

#[derive(Deserialize)]
struct Invitation {
    email: String,
}

async fn invite(State(web): Shared, Form(invitation): Form<Invitation>) -> Redirect {
    web.post("invite", &json!({ "email": invitation.email }), "The invitation is on its way.").await
}

async fn pass_on(State(web): Shared, Path(path): Path<String>, request: Request) -> Result<Response, Failure> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Uri = format!("{}/{path}{query}", web.api).parse()?;
    let mut outgoing = axum::http::Request::builder().method(request.method().clone()).uri(uri);
    for name in [header::CONTENT_TYPE, header::ACCEPT] {
        if let Some(value) = request.headers().get(&name) {
            outgoing = outgoing.header(name, value);
        }
    }
    let mut response = web.client.forward(outgoing.body(Body::new(request.into_body()))?).await?;
    // these belong to one connection, not to the answer
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        response.headers_mut().remove(name);
    }
    Ok(response)
}

/// Percent-encodes a value of a query.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> Web {
        Web { api: String::new(), client: Client::new(), pages: pages().unwrap() }
    }

    #[test]
    fn what_people_write_is_escaped() {
        let messages = json!([{ "author": "Eve", "body": "<script>", "created_at": "2026-01-05T09:00:00Z" }]);
        let info = json!({ "instance": "one", "database": "board", "role": "board", "bucket": "board" });
        let page = web().page(&json!({ "info": info, "messages": messages, "uploads": [] })).unwrap();
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }

    #[test]
    fn an_api_that_is_down_is_said_on_the_page() {
        let page = web().page(&json!({ "error": "cannot reach http://127.0.0.1:8000" })).unwrap();
        assert!(page.contains("cannot reach"), "{page}");
    }

    #[test]
    fn a_notice_survives_the_redirect() {
        assert_eq!(encode("a b&c"), "a%20b%26c");
    }
}
