//! Which names a server answers to.
//!
//! A page of any site can have its own name resolve to 127.0.0.1 (DNS rebinding) and then read what listens there,
//! as if it were its own. Its requests carry that name as `Host`, so requests for names other than the machine's
//! own loopback names are refused. An address as `Host` is safe: no page can have it but one of this server.

use std::net::IpAddr;

use hyper::Request;
use hyper::header::HOST;

/// The `Host` of a request if it is one that is not answered. A request without one comes from no browser.
pub(super) fn foreign<B>(request: &Request<B>) -> Option<String> {
    let of_uri = request.uri().host().map(str::to_owned);
    let headers = request.headers().get_all(HOST).iter();
    let headers = headers.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    of_uri.into_iter().chain(headers).find(|host| !is_own(host))
}

fn is_own(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| if name.contains(':') { host } else { name }),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn only_loopback_names_and_addresses_are_own() {
        for host in
            ["localhost", "localhost:18025", "LocalHost.", "mail.localhost:1", "127.0.0.1:18025", "[::1]:18025", "::1"]
        {
            assert!(is_own(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:18025", "localhost.evil.example", "notlocalhost", "127.0.0.1.nip.io", ""]
        {
            assert!(!is_own(host), "{host}");
        }
    }
}
