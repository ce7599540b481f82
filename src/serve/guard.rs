//! Who is answered, decided before anything else.
//!
//! - `Host` must be a loopback name, an address, or in `allowed_hosts`: a page that had its own name resolve to this
//!   machine is refused.
//! - `Origin`, where there is one, must be the server's own or in `allowed_origins`.
//! - The token, as `Authorization: Bearer`, or the cookie that a link left. With the cookie a request that changes
//!   something must have an `Origin`, and whatever a page of another site or port began is refused, save following a
//!   link: `SameSite` does not tell ports apart.
//! - Under `/api/worker/` the key of a worker does, which does nowhere else.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::{Refusal, Wrong};
use super::site::{Shared, Site};
use crate::system::is_loopback_name;

/// What needs no token; the webhook has its signature.
const OPEN: [&str; 3] = ["/health", "/enter", "/api/sources/github"];

/// Lets a request through, or answers it.
pub(super) async fn guard(State(site): State<Shared>, request: Request, next: Next) -> Response {
    let origin = match examine(&site, &request) {
        Ok(origin) => origin,
        Err(wrong) => return secured(Refusal::from(wrong).into_response(), None),
    };
    if let (Some(origin), &Method::OPTIONS) = (&origin, request.method()) {
        return secured(preflight(), Some(origin));
    }
    secured(next.run(request).await, origin.as_ref())
}

/// The origin of another site that is allowed.
fn examine(site: &Site, request: &Request) -> Result<Option<HeaderValue>, Wrong> {
    let headers = request.headers();
    let host = host(site, request)?;
    let origin = headers.get(ORIGIN);
    let allowed = origin.map(|origin| allowed_origin(site, origin, host.as_deref())).transpose()?.flatten();
    let path = request.uri().path();
    if OPEN.contains(&path)
        || path.starts_with("/assets/")
        || (allowed.is_some() && request.method() == Method::OPTIONS)
    {
        return Ok(allowed);
    }
    if let Some(token) = bearer(headers) {
        // the key of a worker opens what workers need alone
        if site.keys.is_token(token) || path.starts_with("/api/worker/") && site.workers.name(token).is_some() {
            return Ok(allowed);
        }
    } else if cookies(headers, &site.cookie_name()).any(|cookie| site.keys.is_cookie(cookie)) {
        from_own_page(request, origin)?;
        return Ok(allowed);
    } else if headers.get(AUTHORIZATION).is_none() {
        // nothing was tried
        return Err(Wrong::Token);
    }
    Err(site.failures.count().map_or(Wrong::Token, Wrong::TooOften))
}

/// The `Host`, which must be the server's.
fn host(site: &Site, request: &Request) -> Result<Option<String>, Wrong> {
    let of_uri = request.uri().authority().map(ToString::to_string);
    let headers = request.headers().get_all(HOST).iter();
    let names: Vec<String> =
        of_uri.into_iter().chain(headers.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned())).collect();
    let is_own = |name: &String| {
        let without_port = name.rsplit_once(':').map_or(name.as_str(), |(name, _)| name);
        let allowed = &site.settings.allowed_hosts;
        is_loopback_name(name) || allowed.iter().any(|it| it == name || it.eq_ignore_ascii_case(without_port))
    };
    match names.iter().find(|name| !is_own(name)) {
        Some(foreign) => Err(Wrong::Host(foreign.clone())),
        None => Ok(names.into_iter().next()),
    }
}

/// The origin, if it is another site's that is allowed; nothing, if it is the server's own.
fn allowed_origin(site: &Site, origin: &HeaderValue, host: Option<&str>) -> Result<Option<HeaderValue>, Wrong> {
    let text = String::from_utf8_lossy(origin.as_bytes());
    let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    if authority.is_some() && authority == host {
        return Ok(None);
    }
    if site.settings.allowed_origins.iter().any(|allowed| *allowed == text) {
        return Ok(Some(origin.clone()));
    }
    Err(Wrong::Origin(text.into_owned()))
}

/// With a cookie, a page of another port must not act in the owner's name.
fn from_own_page(request: &Request, origin: Option<&HeaderValue>) -> Result<(), Wrong> {
    let of = |name: &'static str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let follows_link = request.method() == Method::GET && of("sec-fetch-mode") == Some("navigate");
    match of("sec-fetch-site") {
        Some("same-origin" | "none") | None => {}
        // a link in a mail, or from an agent's page
        Some(_) if follows_link => {}
        Some(_) if origin.is_some() => {}
        Some(site) => return Err(Wrong::Origin(site.to_owned())),
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if origin.is_none() && !reads {
        return Err(Wrong::Origin("a page that does not tell its origin".to_owned()));
    }
    Ok(())
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// What an allowed site's browser asks before a request.
fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, last-event-id"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (axum::http::StatusCode::NO_CONTENT, headers).into_response()
}

/// What browsers must know of every answer.
fn secured(mut response: Response, origin: Option<&HeaderValue>) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // `no-referrer` would have browsers post forms with `Origin: null`
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
    response
}

/// Scripts, styles and pictures of the server itself; nobody frames it, and forms lead nowhere else.
const CONTENT_SECURITY: &str =
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'; base-uri 'none'";
