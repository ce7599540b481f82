//! Emptying a bucket of everything that S3 can keep in it, and deleting it.
//!
//! Three things keep a bucket from being deleted: open multipart uploads, which object listings do not show;
//! old versions and delete markers, which plain listings do not show either; and objects. An application may
//! still be writing, so a server's `BucketNotEmpty` means to look again, a bounded number of times.

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};

use super::error::Cause;
use super::{Buckets, Error, Result};

/// S3's own limit for one request.
const BATCH: usize = 1000;
const ROUNDS: u32 = 8;

/// What a purge took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Whether there was a bucket.
    pub existed: bool,
    /// Objects, in their latest version.
    pub objects: u64,
    /// Older versions and delete markers.
    pub versions: u64,
    /// Multipart uploads that were open.
    pub uploads: u64,
}

impl Buckets {
    /// Deletes a bucket with all that is in it. That there is none is no error. Whether it is ours to delete
    /// is for the caller to know: see [`super::OwnedBuckets`].
    pub async fn purge_and_delete(&self, bucket: &str) -> Result<Purged> {
        let mut purged = Purged::default();
        let mut round = 0;
        loop {
            // an empty bucket is deleted with one request; most agents' buckets are small, and many are empty
            let sent = self.client.delete_bucket().bucket(bucket).send().await;
            match sent.map_err(Error::of(&self.url, format!("delete bucket `{bucket}`"))) {
                Ok(_) => return Ok(Purged { existed: true, ..purged }),
                Err(error) if error.s3_code() == Some("NoSuchBucket") => {
                    return Ok(Purged { existed: round > 0, ..purged });
                }
                Err(error) if error.s3_code() == Some("BucketNotEmpty") && round < ROUNDS => {
                    if round > 0 {
                        // a client still writes, or the server has yet to notice that it is empty
                        tokio::time::sleep(Duration::from_millis(20) * 2_u32.pow(round)).await;
                    }
                    round += 1;
                }
                Err(error) => return Err(error),
            }
            self.abort_uploads(bucket, &mut purged).await?;
            self.delete_everything(bucket, &mut purged).await?;
        }
    }

    async fn abort_uploads(&self, bucket: &str, purged: &mut Purged) -> Result<()> {
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let request = self.client.list_multipart_uploads().bucket(bucket).encoding_type(EncodingType::Url);
            let sent = request.set_key_marker(key_marker).set_upload_id_marker(id_marker).send().await;
            let page = match sent.map_err(Error::of(&self.url, format!("list the uploads of bucket `{bucket}`"))) {
                Err(error) if error.s3_code() == Some("NoSuchBucket") => return Ok(()),
                page => page?,
            };
            let encoded = page.encoding_type == Some(EncodingType::Url);
            for upload in page.uploads() {
                let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else { continue };
                let key = if encoded { decode(key) } else { key.to_owned() };
                let request = self.client.abort_multipart_upload().bucket(bucket).key(&key).upload_id(id);
                let sent = request.send().await;
                match sent.map_err(Error::of(&self.url, format!("abort an upload of bucket `{bucket}`"))) {
                    Err(error) if matches!(error.s3_code(), Some("NoSuchUpload" | "NoSuchBucket")) => {}
                    outcome => {
                        outcome?;
                        purged.uploads += 1;
                    }
                }
            }
            if page.is_truncated != Some(true) {
                return Ok(());
            }
            key_marker = page.next_key_marker().map(|key| if encoded { decode(key) } else { key.to_owned() });
            id_marker = page.next_upload_id_marker;
        }
    }

    pub(super) async fn delete_everything(&self, bucket: &str, purged: &mut Purged) -> Result<()> {
        loop {
            // each page is gone when the next is asked for, so every page is the first
            let request = self.client.list_object_versions().bucket(bucket).encoding_type(EncodingType::Url);
            let page = match request.send().await.map_err(Error::of(&self.url, format!("list bucket `{bucket}`"))) {
                Err(error) if error.s3_code() == Some("NoSuchBucket") => return Ok(()),
                page => page?,
            };
            let encoded = page.encoding_type == Some(EncodingType::Url);
            let mut doomed = Vec::new();
            for version in page.versions() {
                match version.is_latest {
                    Some(false) => purged.versions += 1,
                    _ => purged.objects += 1,
                }
                doomed.extend(identify(version.key(), version.version_id(), encoded));
            }
            for marker in page.delete_markers() {
                purged.versions += 1;
                doomed.extend(identify(marker.key(), marker.version_id(), encoded));
            }
            if doomed.is_empty() {
                return Ok(());
            }
            for batch in doomed.chunks(BATCH) {
                self.delete_batch(bucket, batch).await?;
            }
        }
    }

    async fn delete_batch(&self, bucket: &str, batch: &[ObjectIdentifier]) -> Result<()> {
        let action = || format!("delete objects of bucket `{bucket}`");
        let (plain, odd): (Vec<_>, Vec<_>) = batch.iter().cloned().partition(|object| fits_xml(object.key()));
        for object in odd {
            let request = self.client.delete_object().bucket(bucket).key(object.key());
            let request = request.set_version_id(object.version_id);
            request.send().await.map_err(Error::of(&self.url, action()))?;
        }
        if plain.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(plain)).quiet(true).build();
        let delete = delete.expect("a list of objects was set");
        let answer = self.client.delete_objects().bucket(bucket).delete(delete).send().await;
        let answer = answer.map_err(Error::of(&self.url, action()))?;
        match answer.errors() {
            [] => Ok(()),
            [first, ..] => {
                let mut text = first.code().unwrap_or("unknown").to_owned();
                if let Some(message) = first.message() {
                    let _ = write!(text, ": {message}");
                }
                let (bucket, left) = (bucket.to_owned(), answer.errors().len());
                Err(Error::NotEmptied { bucket, left, source: Cause::new(text) })
            }
        }
    }
}

fn identify(key: Option<&str>, version: Option<&str>, encoded: bool) -> Option<ObjectIdentifier> {
    let key = if encoded { decode(key?) } else { key?.to_owned() };
    ObjectIdentifier::builder().key(key).set_version_id(version.map(ToOwned::to_owned)).build().ok()
}

/// Whether a key survives a trip through XML: control characters do not exist there, and `\r` becomes `\n`.
fn fits_xml(key: &str) -> bool {
    !key.chars().any(|character| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'))
}

/// Undoes `encoding-type=url`, where `+` may stand for a space.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match (bytes[at], digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_encoding_is_undone() {
        assert_eq!(decode("a/b%20c%2B%C3%BC%01"), "a/b c+ü\u{1}");
        assert_eq!(decode("a+b"), "a b");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn keys_that_xml_cannot_hold_are_known() {
        assert!(fits_xml("a/b c+ü<&>\"'"));
        for key in ["\u{1}", "a\rb", "a\nb", "\u{ffff}"] {
            assert!(!fits_xml(key));
        }
    }
}
