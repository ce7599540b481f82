//! Percent-encoding (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same for the keys of S3 listings, which leave `/` and `*` as they are.
const KEY: &AsciiSet = &COMPONENT.remove(b'/').remove(b'*');

/// One part of a URL: a user, a password, a path segment, a parameter.
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// A key of an S3 listing with `encoding-type=url`.
pub fn percent_encode_key(key: &str) -> String {
    utf8_percent_encode(key, KEY).to_string()
}

/// The text that was encoded.
///
/// # Errors
/// The bytes are not UTF-8.
pub fn percent_decode(text: &str) -> Result<String, std::str::Utf8Error> {
    percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(percent_encode("a/b c:ü-._~"), "a%2Fb%20c%3A%C3%BC-._~");
        assert_eq!(percent_encode_key("a/b*c+"), "a/b*c%2B");
        assert_eq!(percent_decode("a%2Fb%C3%BC"), Ok("a/bü".to_owned()));
        assert!(percent_decode("%ff").is_err());
    }
}
