//! `encoding-type=url`: how a listing writes keys that XML cannot hold.

use s3s::dto::EncodingType;

use crate::system::text::percent_encode_key;

/// Writes names into a listing the way that the request asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    encoded: bool,
}

impl Names {
    /// As asked for by `encoding-type`.
    pub(super) fn asked(encoding: Option<&EncodingType>) -> Self {
        Self { encoded: encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) }
    }

    /// One name.
    pub(super) fn write(self, name: &str) -> String {
        if !self.encoded {
            return name.to_owned();
        }
        percent_encode_key(name)
    }

    /// A name that need not be there.
    pub(super) fn write_opt(self, name: Option<&str>) -> Option<String> {
        name.map(|name| self.write(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_on_request() {
        let url = Names::asked(Some(&EncodingType::from_static(EncodingType::URL)));
        assert_eq!(url.write("a/b c+ü\u{1}"), "a/b%20c%2B%C3%BC%01");
        assert_eq!(Names::asked(None).write("a/b c+ü"), "a/b c+ü");
    }
}
