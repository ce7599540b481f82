//! Listings of objects: both versions of `ListObjects`, and `ListObjectVersions` for who must find everything.

use s3s::dto::{
    CommonPrefix, ETag, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass,
    Owner,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Server;
use super::encoding::Names;
use crate::embedded::s3::store::{Entry, Item, Meta, Query, list};

/// S3's own limit for one page.
pub(super) const LARGEST_PAGE: i32 = 1000;

/// A page, owned.
struct Page {
    objects: Vec<(String, Entry)>,
    prefixes: Vec<CommonPrefix>,
    next: Option<String>,
}

impl Server {
    pub(super) async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<ListObjectsOutput> {
        let input = request.input;
        let names = Names::asked(input.encoding_type.as_ref());
        let max_keys = page_size(input.max_keys)?;
        let page = self
            .page(
                &input.bucket,
                input.prefix.as_deref(),
                input.delimiter.as_deref(),
                input.marker.as_deref(),
                max_keys,
                names,
            )
            .await?;
        Ok(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            next_marker: names.write_opt(page.next.as_deref()),
            contents: Some(page.objects.into_iter().map(|(key, entry)| object(&key, entry, names)).collect()),
            common_prefixes: Some(page.prefixes),
            max_keys: Some(max_keys),
            prefix: Some(names.write(input.prefix.as_deref().unwrap_or_default())),
            marker: Some(names.write(input.marker.as_deref().unwrap_or_default())),
            delimiter: names.write_opt(input.delimiter.as_deref()),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsOutput::default()
        })
    }

    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<ListObjectsV2Output> {
        let input = request.input;
        let names = Names::asked(input.encoding_type.as_ref());
        let max_keys = page_size(input.max_keys)?;
        let token = input.continuation_token.as_deref().map(read_token).transpose()?;
        let after = token.as_deref().or(input.start_after.as_deref());
        let page = self
            .page(&input.bucket, input.prefix.as_deref(), input.delimiter.as_deref(), after, max_keys, names)
            .await?;
        let count = page.objects.len() + page.prefixes.len();
        let owned = input.fetch_owner.unwrap_or_default();
        let objects = page.objects.into_iter().map(|(key, entry)| {
            let object = object(&key, entry, names);
            if owned { object } else { Object { owner: None, ..object } }
        });
        Ok(ListObjectsV2Output {
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_deref().map(write_token),
            contents: Some(objects.collect()),
            common_prefixes: Some(page.prefixes),
            key_count: i32::try_from(count).ok(),
            max_keys: Some(max_keys),
            continuation_token: input.continuation_token,
            start_after: names.write_opt(input.start_after.as_deref()),
            prefix: Some(names.write(input.prefix.as_deref().unwrap_or_default())),
            delimiter: names.write_opt(input.delimiter.as_deref()),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsV2Output::default()
        })
    }

    /// Every object as its version `null`.
    pub(super) async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<ListObjectVersionsOutput> {
        let input = request.input;
        let names = Names::asked(input.encoding_type.as_ref());
        let max_keys = page_size(input.max_keys)?;
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        let page = self.page(&input.bucket, prefix, delimiter, input.key_marker.as_deref(), max_keys, names).await?;
        let versions = page.objects.into_iter().map(|(key, entry)| ObjectVersion {
            e_tag: Some(ETag::Strong(entry.etag)),
            is_latest: Some(true),
            key: Some(names.write(&key)),
            last_modified: Some(Meta::timestamp(entry.modified)),
            owner: Some(owner()),
            size: i64::try_from(entry.size).ok(),
            storage_class: Some(ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD)),
            version_id: Some("null".to_owned()),
            ..ObjectVersion::default()
        });
        Ok(ListObjectVersionsOutput {
            is_truncated: Some(page.next.is_some()),
            next_key_marker: names.write_opt(page.next.as_deref()),
            next_version_id_marker: page.next.as_ref().map(|_| "null".to_owned()),
            versions: Some(versions.collect()),
            common_prefixes: Some(page.prefixes),
            max_keys: Some(max_keys),
            key_marker: Some(names.write(input.key_marker.as_deref().unwrap_or_default())),
            version_id_marker: input.version_id_marker,
            prefix: Some(names.write(prefix.unwrap_or_default())),
            delimiter: names.write_opt(delimiter),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectVersionsOutput::default()
        })
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: Option<&str>,
        delimiter: Option<&str>,
        after: Option<&str>,
        max_keys: i32,
        names: Names,
    ) -> S3Result<Page> {
        let bucket = self.bucket(bucket).await?;
        let query = Query {
            prefix: prefix.unwrap_or_default(),
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
            after: after.filter(|after| !after.is_empty()),
            limit: usize::try_from(max_keys).unwrap_or_default(),
        };
        bucket.keys(|keys| {
            let (items, next) = list(keys, query);
            let mut page = Page { objects: Vec::new(), prefixes: Vec::new(), next: next.map(ToOwned::to_owned) };
            for item in items {
                match item {
                    Item::Key(key, entry) => page.objects.push((key.to_owned(), entry.clone())),
                    Item::Prefix(prefix) => page.prefixes.push(CommonPrefix { prefix: Some(names.write(prefix)) }),
                }
            }
            page
        })
    }
}

/// How many items a page may have, of what the request asks for.
pub(super) fn page_size(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        None => Ok(LARGEST_PAGE),
        Some(asked) if asked < 0 => Err(s3_error!(InvalidArgument, "the size of a page cannot be negative")),
        Some(asked) => Ok(asked.min(LARGEST_PAGE)),
    }
}

fn object(key: &str, entry: Entry, names: Names) -> Object {
    Object {
        e_tag: Some(ETag::Strong(entry.etag)),
        key: Some(names.write(key)),
        last_modified: Some(Meta::timestamp(entry.modified)),
        owner: Some(owner()),
        size: i64::try_from(entry.size).ok(),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

/// The owner of everything.
pub(super) fn owner() -> Owner {
    Owner { id: Some("harness".into()), display_name: Some("harness".into()) }
}

/// A token is the last name in hexadecimal: opaque, and safe in XML and in a query whatever the name holds.
fn write_token(name: &str) -> String {
    crate::system::hexadecimal(name.as_bytes())
}

fn read_token(token: &str) -> S3Result<String> {
    let digits = token.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| s3_error!(InvalidArgument, "the continuation token is not of this server's making"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back() {
        for name in ["a/b", "ü\u{1}&<", ""] {
            assert_eq!(read_token(&write_token(name)).unwrap(), name);
        }
        assert!(read_token("a/b").is_err());
        assert!(read_token("ff").is_err());
    }
}
