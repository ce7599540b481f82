//! Every answer that is not an application's own: a page for who asks for one, else the document of a failure.

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Response, StatusCode};

use super::page;
use super::refusal::Refused;
use crate::serve::refusal::Refusal;

/// The body of an answer.
pub(super) type Sent = Either<Incoming, Full<Bytes>>;

/// The answer to a request that is not met; `as_page`: to who asks for one.
pub(super) fn refuse(refused: Refused, as_page: bool) -> Response<Sent> {
    let status = refused.status();
    if as_page {
        return page(status, &page::refused(status, &refused));
    }
    own(status, "application/json", Refusal::of("serve", refused).document())
}

/// Whether a browser opens a page.
pub(super) fn wants_page(asked: &HeaderMap) -> bool {
    let accepts = asked.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.into_iter().any(|value| value.contains("text/html"))
}

/// A page of the gateway.
pub(super) fn page(status: StatusCode, text: &maud::Markup) -> Response<Sent> {
    own(status, "text/html; charset=utf-8", text.0.clone())
}

/// An answer of the gateway's own. No script reads it, wherever it comes from.
pub(super) fn own(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response<Sent> {
    let mut response = Response::new(Either::Right(Full::new(text.into())));
    *response.status_mut() = status;
    let fixed = [
        (CONTENT_TYPE, kind),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
