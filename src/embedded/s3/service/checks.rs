//! Conditions of reads and copies, and versions that do not exist.

use hyper::HeaderMap;
use hyper::header::{ETAG, HeaderValue, LAST_MODIFIED};
use s3s::dto::{ETag, ETagCondition, Timestamp, TimestampFormat};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::embedded::s3::store::Meta;

/// Conditions under which an object is read.
#[derive(Debug, Default)]
pub(super) struct ReadCondition {
    pub(super) matching: Option<ETagCondition>,
    pub(super) none_matching: Option<ETagCondition>,
    pub(super) modified_since: Option<Timestamp>,
    pub(super) unmodified_since: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Go,
    NotModified,
    Failed,
}

impl ReadCondition {
    /// For a read: 304 or 412 when the conditions say so.
    pub(super) fn check_read(&self, meta: &Meta) -> S3Result<()> {
        match self.judge(meta) {
            Verdict::Go => Ok(()),
            Verdict::NotModified => Err(not_modified(meta)),
            Verdict::Failed => Err(s3_error!(PreconditionFailed, "a condition of the request does not hold")),
        }
    }

    /// For the source of a copy, where there is no 304.
    pub(super) fn check_copy(&self, meta: &Meta) -> S3Result<()> {
        if self.judge(meta) == Verdict::Go {
            Ok(())
        } else {
            Err(s3_error!(PreconditionFailed, "a condition of the request does not hold"))
        }
    }

    /// RFC 9110, section 13.2.2: a tag overrules a date.
    fn judge(&self, meta: &Meta) -> Verdict {
        // dates travel in whole seconds
        let modified = Meta::timestamp(meta.modified / 1000 * 1000);
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(tag) => tag.value() == meta.etag,
        };
        match (&self.matching, &self.unmodified_since) {
            (Some(condition), _) if !matches(condition) => return Verdict::Failed,
            (None, Some(since)) if modified > *since => return Verdict::Failed,
            _ => {}
        }
        match (&self.none_matching, &self.modified_since) {
            (Some(condition), _) if matches(condition) => Verdict::NotModified,
            (None, Some(since)) if modified <= *since => Verdict::NotModified,
            _ => Verdict::Go,
        }
    }
}

fn not_modified(meta: &Meta) -> S3Error {
    let mut headers = HeaderMap::new();
    if let Ok(value) = ETag::Strong(meta.etag.clone()).to_http_header() {
        headers.insert(ETAG, value);
    }
    let mut date = Vec::new();
    if Meta::timestamp(meta.modified).format(TimestampFormat::HttpDate, &mut date).is_ok()
        && let Ok(value) = HeaderValue::from_bytes(&date)
    {
        headers.insert(LAST_MODIFIED, value);
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

/// There is one version of everything: `null`.
pub(super) fn check_version(version_id: Option<&str>) -> S3Result<()> {
    match version_id {
        None | Some("null" | "") => Ok(()),
        Some(_) => Err(s3_error!(NoSuchVersion, "there are no versions but `null`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::s3::store::{Attributes, Sums};

    #[test]
    fn tags_overrule_dates() {
        let meta = Meta {
            key: "k".into(),
            size: 0,
            etag: "e".into(),
            modified: 100_500,
            sums: Sums::default(),
            parts: vec![],
            attributes: Attributes::default(),
        };
        let at = |seconds: u64| Some(Meta::timestamp(seconds * 1000));
        let tag = |text: &str| Some(ETagCondition::ETag(ETag::Strong(text.to_owned())));
        for (matching, none_matching, modified_since, unmodified_since, verdict) in [
            (None, None, None, None, Verdict::Go),
            (tag("e"), None, None, at(1), Verdict::Go),
            (tag("x"), None, None, at(200), Verdict::Failed),
            (None, None, None, at(99), Verdict::Failed),
            (None, None, None, at(100), Verdict::Go),
            (None, tag("e"), at(1), None, Verdict::NotModified),
            (None, tag("x"), at(200), None, Verdict::Go),
            (None, None, at(100), None, Verdict::NotModified),
            (None, None, at(99), None, Verdict::Go),
            (None, Some(ETagCondition::Any), None, None, Verdict::NotModified),
        ] {
            let condition = ReadCondition { matching, none_matching, modified_since, unmodified_since };
            assert_eq!(condition.judge(&meta), verdict, "{condition:?}");
        }
    }

    #[test]
    fn only_the_null_version_exists() {
        assert!(check_version(None).is_ok() && check_version(Some("null")).is_ok());
        assert_eq!(check_version(Some("3")).unwrap_err().code().as_str(), "NoSuchVersion");
    }
}
