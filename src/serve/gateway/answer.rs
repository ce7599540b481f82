//! One request: refused, answered, or passed on.

use std::sync::Arc;

use http_body_util::Either;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};

use super::client::Client;
use super::down;
use super::forward::forward;
use super::headers::has_passed;
use super::host::{Host, Within};
use super::page;
use super::pool::Upstream;
use super::refusal::Refused;
use super::reply::{Sent, own, page as page_answer, refuse, wants_page};
use super::site::Site;

/// Answers a request.
pub(super) async fn answer(site: Arc<Site>, client: Client, request: Request<Incoming>) -> Response<Sent> {
    let as_page = wants_page(request.headers());
    match decide(&site, &client, request).await {
        Ok(answer) => answer,
        Err(refused) => refuse(refused, as_page),
    }
}

async fn decide(site: &Site, client: &Client, request: Request<Incoming>) -> Result<Response<Sent>, Refused> {
    if request.method() == Method::CONNECT {
        return Err(Refused::Request("this is no proxy of its client"));
    }
    let host = Host::of(&request)?;
    if has_passed(request.headers(), &site.via) {
        return Err(Refused::Loop);
    }
    let place = site.domains.place(&host.name);
    let (is_own, path) = (place == Within::Own, request.uri().path());
    if is_own && path == "/health" {
        return Ok(own(StatusCode::OK, "text/plain; charset=utf-8", "healthy\n"));
    }
    if place == Within::Foreign && !site.routes.iter().any(|route| route.host.as_ref() == Some(&host.name)) {
        return Err(Refused::Host(host.name));
    }
    if let Some(port) = site.tls_port.filter(|_| !client.tls) {
        return Ok(to_tls(&host, port, &request));
    }
    if let Some(route) = site.routes.iter().find(|route| route.takes(&host.name, is_own, path)) {
        let to = route.to.clone();
        let passed = forward(site, client, &host, &Upstream::Remote(to.clone()), request).await;
        return passed.map(streamed).map_err(|fault| Refused::Route { to, fault });
    }
    let (name, domain) = match place {
        Within::Foreign => return Err(Refused::Host(host.name)),
        Within::Own => return Ok(overview(site, client, &host, wants_page(request.headers()))),
        Within::Below(name, domain) => (name, domain),
    };
    let table = site.names.now();
    let Some(target) = table.find(name) else {
        let known = groups(site, client, &host, domain).into_iter().flat_map(|(_, urls)| urls).collect();
        return Err(Refused::Unknown { name: name.to_owned(), known });
    };
    match forward(site, client, &host, &Upstream::Local(target.port), request).await {
        Ok(answer) => Ok(streamed(answer)),
        Err(fault) => Err(Refused::Down(down::look(&site.home, target, client, &fault).await)),
    }
}

/// Sends a client to the same thing with TLS. It is no lasting answer (308), and there is no
/// `Strict-Transport-Security`: a browser would keep both beyond the day on which TLS is turned off.
fn to_tls<B>(host: &Host, port: u16, request: &Request<B>) -> Response<Sent> {
    let name = if host.name.contains(':') { format!("[{}]", host.name) } else { host.name.clone() };
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut answer = own(StatusCode::TEMPORARY_REDIRECT, "text/plain; charset=utf-8", "");
    if let Ok(value) = HeaderValue::from_str(&format!("https://{name}{port}{path}")) {
        answer.headers_mut().insert(LOCATION, value);
    }
    answer
}

fn streamed(answer: Response<Incoming>) -> Response<Sent> {
    answer.map(Either::Left)
}

/// What there is, at the gateway's own name.
fn overview(site: &Site, client: &Client, host: &Host, as_page: bool) -> Response<Sent> {
    let domain = if host.name == site.domains.first() { &host.name } else { "localhost" };
    let groups = groups(site, client, host, domain);
    if as_page {
        return page_answer(StatusCode::OK, &page::overview(&groups));
    }
    let lines = groups.into_iter().flat_map(|(_, urls)| urls).map(|url| url + "\n");
    own(StatusCode::OK, "text/plain; charset=utf-8", lines.collect::<String>())
}

/// The addresses of each agent, as this client reaches them.
fn groups(site: &Site, client: &Client, host: &Host, domain: &str) -> Vec<(String, Vec<String>)> {
    let url = |name: &String| format!("{}://{name}.{domain}{}/", client.scheme(), host.port());
    let table = site.names.now();
    let stacks = table.stacks().iter();
    stacks
        .map(|stack| {
            (format!("Agent {} of {}", stack.agent, stack.project), stack.names.iter().map(url).collect::<Vec<_>>())
        })
        .collect()
}
