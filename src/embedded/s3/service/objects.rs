//! Objects: put and delete.

use std::collections::BTreeMap;

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition,
    Error, Metadata, PutObjectInput, PutObjectOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Server;
use super::checks::check_version;
use super::content::receive;
use super::server::blocking;
use crate::embedded::s3::store::{Attributes, Condition, Meta};
use crate::system::hexadecimal;

/// S3's own limit for one request.
const MOST_DELETED: usize = 1000;

impl Server {
    pub(super) async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let (input, headers) = (request.input, request.headers);
        let bucket = self.bucket(&input.bucket).await?;
        let condition = Condition { if_match: input.if_match, if_none_match: input.if_none_match };
        // known to fail before a gigabyte has travelled; it is checked again when it counts
        bucket.keys(|keys| condition.check(keys.get(&input.key).map(|entry| entry.etag.as_str())))??;
        let md5 = input.content_md5.as_deref();
        let received = receive(&bucket, input.body, &headers, request.trailing_headers, md5).await?;
        let meta = Meta {
            key: input.key,
            size: received.size,
            etag: hexadecimal(&received.md5),
            modified: Meta::now(),
            sums: received.sums.clone(),
            parts: vec![],
            attributes: Attributes {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: Attributes::stored_encoding(input.content_encoding.as_deref()),
                content_language: input.content_language,
                expires: input.expires,
                website_redirect_location: input.website_redirect_location,
                user: user_metadata(input.metadata),
            },
        };
        bucket.commit(received, meta.clone(), &condition)?;
        Ok(PutObjectOutput {
            e_tag: Some(ETag::Strong(meta.etag)),
            checksum_crc32: meta.sums.get("crc32"),
            checksum_crc32c: meta.sums.get("crc32c"),
            checksum_crc64nvme: meta.sums.get("crc64nvme"),
            checksum_sha1: meta.sums.get("sha1"),
            checksum_sha256: meta.sums.get("sha256"),
            ..PutObjectOutput::default()
        })
    }

    /// Removes an object. That there is none is no error, as S3 has it.
    pub(super) async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<DeleteObjectOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        check_version(input.version_id.as_deref())?;
        bucket.remove(&input.key, &Condition { if_match: input.if_match, if_none_match: None })?;
        Ok(DeleteObjectOutput { version_id: input.version_id, ..DeleteObjectOutput::default() })
    }

    /// Removes up to 1,000 objects; says of each whether it is gone.
    pub(super) async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> S3Result<DeleteObjectsOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        if input.delete.objects.len() > MOST_DELETED {
            return Err(s3_error!(MalformedXML, "at most 1000 keys can be deleted at once"));
        }
        let quiet = input.delete.quiet.unwrap_or_default();
        blocking(move || {
            let (mut deleted, mut errors) = (Vec::new(), Vec::new());
            for object in input.delete.objects {
                let condition = Condition { if_match: object.e_tag.map(ETagCondition::ETag), if_none_match: None };
                let outcome =
                    check_version(object.version_id.as_deref()).and_then(|()| bucket.remove(&object.key, &condition));
                let (key, version_id) = (Some(object.key), object.version_id);
                match outcome {
                    Ok(()) => deleted.push(DeletedObject { key, version_id, ..DeletedObject::default() }),
                    Err(error) => errors.push(Error {
                        code: Some(error.code().as_str().to_owned()),
                        message: error.message().map(ToOwned::to_owned),
                        key,
                        version_id,
                    }),
                }
            }
            let deleted = (!quiet).then_some(deleted);
            Ok(DeleteObjectsOutput { deleted, errors: Some(errors), ..DeleteObjectsOutput::default() })
        })
        .await
    }
}

/// `x-amz-meta-*` in a fixed order.
pub(super) fn user_metadata(metadata: Option<Metadata>) -> BTreeMap<String, String> {
    metadata.into_iter().flatten().collect()
}
