//! A bucket's objects as files, and back: the bytes, the content type, the metadata of their writer.
//!
//! Older versions and open uploads are not among them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use serde::{Deserialize, Serialize};

use super::error::Cause;
use super::purge::{Purged, decode};
use super::{Buckets, Error, Result};
use crate::system::{self, with_causes};

/// What is kept of an object beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedObject {
    /// Its key.
    pub key: String,
    /// Its content type, where it has one.
    pub content_type: Option<String>,
    /// What its writer said of it.
    pub metadata: BTreeMap<String, String>,
}

impl Buckets {
    /// The keys of a bucket.
    pub async fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        let (mut keys, mut next) = (Vec::new(), None);
        loop {
            let request = self.client.list_objects_v2().bucket(bucket).encoding_type(EncodingType::Url);
            let sent = request.set_continuation_token(next).send().await;
            let page = sent.map_err(Error::of(&self.url, format!("list bucket `{bucket}`")))?;
            let encoded = page.encoding_type() == Some(&EncodingType::Url);
            let found = page.contents().iter().filter_map(|object| object.key());
            keys.extend(found.map(|key| if encoded { decode(key) } else { key.to_owned() }));
            if page.is_truncated() != Some(true) || page.next_continuation_token().is_none() {
                return Ok(keys);
            }
            next = page.next_continuation_token;
        }
    }

    /// Writes an object to `file`; `None` when it is gone meanwhile.
    ///
    /// # Errors
    /// The file cannot be written, or the server refuses.
    pub async fn download(&self, bucket: &str, key: &str, file: &Path) -> Result<Option<SavedObject>> {
        let sent = self.client.get_object().bucket(bucket).key(key).send().await;
        let mut object = match sent.map_err(Error::of(&self.url, format!("read `{key}` of bucket `{bucket}`"))) {
            Err(error) if error.s3_code() == Some("NoSuchKey") => return Ok(None),
            object => object?,
        };
        let failed = || system::Error::file("write", file);
        let mut output = File::create(file).map_err(failed())?;
        loop {
            let chunk = object.body.try_next().await;
            let cut = |error| Error::Unreachable { url: self.url.clone(), source: Cause::new(with_causes(&error)) };
            let Some(chunk) = chunk.map_err(cut)? else { break };
            output.write_all(&chunk).map_err(failed())?;
        }
        let metadata = object.metadata.unwrap_or_default().into_iter().collect();
        Ok(Some(SavedObject { key: key.to_owned(), content_type: object.content_type, metadata }))
    }

    /// Stores a file as an object.
    ///
    /// # Errors
    /// The file cannot be read, or the server refuses.
    pub async fn upload(&self, bucket: &str, object: &SavedObject, file: &Path) -> Result<()> {
        let bytes = std::fs::read(file).map_err(system::Error::file("read", file))?;
        let request = self.client.put_object().bucket(bucket).key(&object.key).body(ByteStream::from(bytes));
        let metadata = object.metadata.clone().into_iter().collect();
        let request = request.set_content_type(object.content_type.clone()).set_metadata(Some(metadata));
        let key = &object.key;
        let sent = request.send().await;
        sent.map_err(Error::of(&self.url, format!("store `{key}` in bucket `{bucket}`")))?;
        Ok(())
    }

    /// Deletes everything in a bucket, and keeps the bucket.
    pub async fn empty(&self, bucket: &str) -> Result<()> {
        self.delete_everything(bucket, &mut Purged::default()).await
    }
}
