//! Which names a server answers to.
//!
//! A page of any site can have its own name resolve to 127.0.0.1 (DNS rebinding) and then read what listens there,
//! as if it were its own. Its requests carry that name as `Host`, so requests for names other than the machine's
//! own loopback names are refused. An address as `Host` is safe: no page can have it but one of this server.

use hyper::Request;
use hyper::header::HOST;

use crate::system::is_loopback_name;

/// The `Host` of a request if it is one that is not answered. A request without one comes from no browser.
pub(super) fn foreign<B>(request: &Request<B>) -> Option<String> {
    let of_uri = request.uri().host().map(str::to_owned);
    let headers = request.headers().get_all(HOST).iter();
    let headers = headers.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    of_uri.into_iter().chain(headers).find(|host| !is_loopback_name(host))
}
