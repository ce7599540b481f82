//! Fields of a message that are between two ends of one connection, and those by which an application learns of the
//! browser.

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use hyper::{HeaderMap, Version};

use super::client::Client;
use super::host::Host;

/// They end at the next hop (RFC 9110, 7.6.1), like those that `Connection` names.
static BETWEEN: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// What proxies say of who asks; of a client it is not believed.
static SAID_BY_PROXIES: [HeaderName; 6] = [
    FORWARDED,
    FORWARDED_FOR,
    FORWARDED_HOST,
    FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
];

/// Takes off what is between two ends of one connection.
pub(super) fn end_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = words(headers, &CONNECTION).filter_map(|word| word.parse().ok()).collect();
    // the length of a body that came in chunks is not what a field says
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    for name in named.iter().chain(&BETWEEN) {
        headers.remove(name);
    }
}

/// What a request asks to be upgraded to: `websocket`.
pub(super) fn upgrade(version: Version, headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = version == Version::HTTP_11 && words(headers, &CONNECTION).any(|word| word == "upgrade");
    headers.get(UPGRADE).filter(|_| asks).cloned()
}

/// Says `Connection: upgrade`.
pub(super) fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Makes the fields of a request those that an application should see.
pub(super) fn introduce(headers: &mut HeaderMap, client: &Client, host: &Host, via: &str) {
    // the first look at the body asks for it
    headers.remove(EXPECT);
    for name in &SAID_BY_PROXIES {
        headers.remove(name);
    }
    let value = |text: &str| HeaderValue::from_str(text).ok();
    // HTTP/2 may send one cookie a field; HTTP/1.1 knows one field
    if headers.get_all(COOKIE).iter().nth(1).is_some() {
        let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) {
            headers.insert(COOKIE, joined);
        }
    }
    let set = [
        (hyper::header::HOST, value(&host.authority)),
        (FORWARDED_FOR, value(&client.address.ip().to_canonical().to_string())),
        (FORWARDED_HOST, value(&host.authority)),
        (FORWARDED_PROTO, Some(HeaderValue::from_static(client.scheme()))),
    ];
    for (name, value) in set {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    if let Some(via) = value(via) {
        headers.append(VIA, via);
    }
}

/// Whether a request has been here already.
pub(super) fn has_passed(headers: &HeaderMap, via: &str) -> bool {
    let values = headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim() == via)
}

/// The words of a field that is a list, lower case.
fn words(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).fold(
            HeaderMap::new(),
            |mut map, (name, value)| {
                map.append(name, value);
                map
            },
        )
    }

    #[test]
    fn what_is_between_two_ends_stays_there() {
        let mut headers = map(&[
            ("connection", "Keep-Alive, X-Secret"),
            ("connection", "upgrade"),
            ("keep-alive", "timeout=5"),
            ("x-secret", "1"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("accept", "text/html"),
        ]);
        assert_eq!(upgrade(Version::HTTP_11, &headers).unwrap(), "websocket");
        assert_eq!(upgrade(Version::HTTP_10, &headers), None);
        end_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}
