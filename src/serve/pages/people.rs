//! Refusals as pages, for who asks for a page.

use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, Response};
use maud::html;

use super::parts::trouble;
use super::shell::{bare, page};
use crate::report::Refused;

/// Has a browser that opens a page see a page, also where the answer is a refusal.
pub(in crate::serve) async fn for_people(request: Request, next: Next) -> Response {
    let accepts = request.headers().get_all(ACCEPT).iter();
    let wants_page = accepts.filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"));
    let mut response = next.run(request).await;
    let Some(refused) = response.extensions_mut().remove::<Refused>().filter(|_| wants_page) else { return response };
    let Html(text) = refusal(response.status(), &refused);
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    *response.body_mut() = text.into();
    response
}

fn refusal(status: StatusCode, refused: &Refused) -> Html<String> {
    match refused.error.code.as_str() {
        "serve.token" | "serve.link" => sign_in(refused),
        "serve.too_often" | "serve.host" => bare("Refused", &html! { h1 { "Refused" } (trouble(&refused.error)) }),
        _ => {
            let title = if status == StatusCode::NOT_FOUND { "Not found" } else { "That did not work" };
            let main = html! {
                h1 { (title) }
                (trouble(&refused.error))
                p { a href="/" { "To the agents" } }
            };
            page(title, "", &main)
        }
    }
}

fn sign_in(refused: &Refused) -> Html<String> {
    let main = html! {
        h1 { "Sign in" }
        @if refused.error.code == "serve.link" { (trouble(&refused.error)) }
        p { "This browser is not signed in. Run this on the machine where harness runs:" }
        pre { code { "harness open --dashboard" } }
        p { "It opens a link that lets one browser in, once, within two minutes." }
        p { "Already done? " a href="/" { "Open the dashboard" } "." }
    };
    bare("Sign in", &main)
}
