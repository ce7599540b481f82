//! Objects: copy within the server.

use s3s::dto::{CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective};
use s3s::{S3Request, S3Result, s3_error};

use super::Server;
use super::checks::{ReadCondition, check_version};
use super::objects::user_metadata;
use super::server::blocking;
use crate::embedded::s3::store::{Attributes, Condition, Hashes, Meta, io};

impl Server {
    /// Copies an object. Its bytes are not read: the kernel moves them, the `ETag` and checksums stay.
    pub(super) async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
        let input = request.input;
        let (source_bucket, source_key) = source(&input.copy_source)?;
        let from = self.bucket(source_bucket).await?;
        let to = self.bucket(&input.bucket).await?;
        let (file, old) = from.open(source_key)?;
        let condition = ReadCondition {
            matching: input.copy_source_if_match,
            none_matching: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        condition.check_copy(&old)?;
        let directive = input.metadata_directive.as_ref().map(MetadataDirective::as_str);
        let replace = directive == Some(MetadataDirective::REPLACE);
        if !replace && source_bucket == input.bucket && source_key == input.key {
            return Err(s3_error!(InvalidRequest, "a copy onto itself must replace the metadata"));
        }
        let attributes = if replace {
            Attributes {
                content_type: input.content_type,
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: Attributes::stored_encoding(input.content_encoding.as_deref()),
                content_language: input.content_language,
                expires: input.expires,
                website_redirect_location: input.website_redirect_location,
                user: user_metadata(input.metadata),
            }
        } else {
            old.attributes
        };
        let meta = Meta { key: input.key, modified: Meta::now(), attributes, ..old };
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(meta.etag.clone())),
            last_modified: Some(Meta::timestamp(meta.modified)),
            ..CopyObjectResult::default()
        };
        blocking(move || {
            let mut incoming = to.receive(Hashes::of(&[]))?;
            incoming.splice_from(&file, meta.size).map_err(io("copy", "object"))?;
            to.commit(incoming.finish(), meta, &Condition::default())
        })
        .await?;
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
    }
}

/// Bucket and key of a copy's source.
pub(super) fn source(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            check_version(version_id.as_deref())?;
            Ok((bucket, key))
        }
        _ => Err(s3_error!(NotImplemented, "only objects of buckets can be copied")),
    }
}
