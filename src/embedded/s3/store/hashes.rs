//! Digests of what is written: MD5 for the `ETag`, and the checksums that a client asks for.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Checksums by algorithm (`crc32`, `sha256` …), in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sums(BTreeMap<String, String>);

impl Sums {
    /// The checksums that a header block or a trailer carries.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Self {
        let value = |algorithm: &str| headers.get(format!("x-amz-checksum-{algorithm}"))?.to_str().ok();
        let pairs = ALGORITHMS.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?.to_owned())));
        Self(pairs.collect())
    }

    pub(crate) fn get(&self, algorithm: &str) -> Option<String> {
        self.0.get(algorithm).cloned()
    }

    /// Without those of the form `<checksum>-<parts>`, which are checksums of checksums.
    pub(crate) fn of_whole(mut self) -> Self {
        self.0.retain(|_, value| !value.contains('-'));
        self
    }

    /// The algorithms, by name.
    pub(crate) fn algorithms(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every checksum of `expected` is as computed here.
    pub(crate) fn verify(&self, expected: &Self) -> S3Result<()> {
        for (algorithm, value) in &expected.0 {
            if self.0.get(algorithm) != Some(value) {
                return Err(s3_error!(BadDigest, "the {algorithm} checksum does not match what was received"));
            }
        }
        Ok(())
    }
}

/// Digests in the making.
pub(crate) struct Hashes {
    md5: Md5,
    sums: ChecksumHasher,
}

impl Hashes {
    /// MD5, and the algorithms that the request names or gives a value for, in a header or in the trailer
    /// that it announces.
    pub(crate) fn for_request(headers: &HeaderMap) -> Self {
        let names = ["x-amz-sdk-checksum-algorithm", "x-amz-checksum-algorithm", "x-amz-trailer"];
        let announced =
            names.iter().filter_map(|name| headers.get(*name)?.to_str().ok()).flat_map(|text| text.split(','));
        let mut wanted: Vec<String> = announced
            .map(|name| name.trim().to_ascii_lowercase().trim_start_matches("x-amz-checksum-").to_owned())
            .collect();
        wanted.extend(Sums::of_headers(headers).0.into_keys());
        Self::of(&wanted)
    }

    /// MD5 and the algorithms named.
    pub(crate) fn of(wanted: &[String]) -> Self {
        let mut sums = ChecksumHasher::default();
        for name in wanted {
            match name.as_str() {
                "crc32" => sums.crc32 = Some(Crc32::default()),
                "crc32c" => sums.crc32c = Some(Crc32c::default()),
                "crc64nvme" => sums.crc64nvme = Some(Crc64Nvme::default()),
                "sha1" => sums.sha1 = Some(Sha1::default()),
                "sha256" => sums.sha256 = Some(Sha256::default()),
                _ => {}
            }
        }
        Self { md5: Md5::new(), sums }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sums.update(bytes);
    }

    /// The MD5 digest and the checksums.
    pub(crate) fn finish(self) -> ([u8; 16], Sums) {
        let sums = self.sums.finalize();
        let pairs = [
            ("crc32", sums.checksum_crc32),
            ("crc32c", sums.checksum_crc32c),
            ("crc64nvme", sums.checksum_crc64nvme),
            ("sha1", sums.checksum_sha1),
            ("sha256", sums.checksum_sha256),
        ];
        let known = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        (self.md5.finalize(), Sums(known.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_announces_is_computed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-trailer", "x-amz-checksum-crc32".parse().unwrap());
        headers.insert("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse().unwrap());
        let mut hashes = Hashes::for_request(&headers);
        hashes.update(b"");
        let (md5, sums) = hashes.finish();
        assert_eq!(crate::system::hexadecimal(&md5), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(sums.get("crc32").as_deref(), Some("AAAAAA=="));
        sums.verify(&Sums::of_headers(&headers)).unwrap();
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-checksum-crc32", "AAAAAQ==".parse().unwrap());
        let (_, sums) = Hashes::for_request(&headers).finish();
        assert_eq!(sums.verify(&Sums::of_headers(&headers)).unwrap_err().code().as_str(), "BadDigest");
    }
}
