//! Objects: get and head, whole, in ranges and by part.

use s3s::dto::{
    ChecksumMode, ChecksumType, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, PartNumber,
    Range,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Server;
use super::checks::{ReadCondition, check_version};
use super::content::send;
use crate::embedded::s3::store::Meta;

/// Which bytes are asked for.
struct Slice {
    start: u64,
    length: u64,
    /// `bytes 0-4/10`; `None` for the whole object.
    range: Option<String>,
}

impl Server {
    pub(super) async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<GetObjectOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        check_version(input.version_id.as_deref())?;
        let (file, meta) = bucket.open(&input.key)?;
        let condition = ReadCondition {
            matching: input.if_match,
            none_matching: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        condition.check_read(&meta)?;
        let slice = slice(&meta, input.range, input.part_number)?;
        let head = head(meta, &slice, input.part_number, input.checksum_mode.as_ref())?;
        Ok(GetObjectOutput {
            body: Some(send(file, slice.start, slice.length)?),
            accept_ranges: head.accept_ranges,
            cache_control: head.cache_control,
            checksum_crc32: head.checksum_crc32,
            checksum_crc32c: head.checksum_crc32c,
            checksum_crc64nvme: head.checksum_crc64nvme,
            checksum_sha1: head.checksum_sha1,
            checksum_sha256: head.checksum_sha256,
            checksum_type: head.checksum_type,
            content_disposition: head.content_disposition,
            content_encoding: head.content_encoding,
            content_language: head.content_language,
            content_length: head.content_length,
            content_range: head.content_range,
            content_type: head.content_type,
            e_tag: head.e_tag,
            expires: head.expires,
            last_modified: head.last_modified,
            metadata: head.metadata,
            parts_count: head.parts_count,
            website_redirect_location: head.website_redirect_location,
            ..GetObjectOutput::default()
        })
    }

    pub(super) async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<HeadObjectOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        check_version(input.version_id.as_deref())?;
        let (_, meta) = bucket.open(&input.key)?;
        let condition = ReadCondition {
            matching: input.if_match,
            none_matching: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        condition.check_read(&meta)?;
        let slice = slice(&meta, input.range, input.part_number)?;
        head(meta, &slice, input.part_number, input.checksum_mode.as_ref())
    }
}

fn slice(meta: &Meta, range: Option<Range>, part: Option<PartNumber>) -> S3Result<Slice> {
    let asked = match (range, part) {
        (None, None) => return Ok(Slice { start: 0, length: meta.size, range: None }),
        (Some(_), Some(_)) => return Err(s3_error!(InvalidRequest, "a range and a part number exclude each other")),
        (Some(range), None) => range.check(meta.size)?,
        (None, Some(number)) => {
            let single = [meta.size];
            let sizes = if meta.parts.is_empty() { &single[..] } else { &meta.parts };
            let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let index = index
                .filter(|index| *index < sizes.len())
                .ok_or_else(|| s3_error!(InvalidRange, "there is no such part"))?;
            let start = sizes[..index].iter().sum();
            start..start + sizes[index]
        }
    };
    let length = asked.end - asked.start;
    // an empty part or object has no last byte to name
    let range = (length > 0).then(|| format!("bytes {}-{}/{}", asked.start, asked.end - 1, meta.size));
    Ok(Slice { start: asked.start, length, range })
}

fn head(
    meta: Meta,
    slice: &Slice,
    part: Option<PartNumber>,
    checksums: Option<&ChecksumMode>,
) -> S3Result<HeadObjectOutput> {
    // a checksum is of the whole, so it does not go with a piece
    let with_sums = slice.range.is_none() && checksums.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    let sum = |algorithm| if with_sums { meta.sums.get(algorithm) } else { None };
    let length = i64::try_from(slice.length).map_err(|_| s3_error!(InternalError))?;
    let parts = i32::try_from(meta.parts.len()).unwrap_or(i32::MAX);
    let content_type = meta.attributes.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned());
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        cache_control: meta.attributes.cache_control,
        checksum_crc32: sum("crc32"),
        checksum_crc32c: sum("crc32c"),
        checksum_crc64nvme: sum("crc64nvme"),
        checksum_sha1: sum("sha1"),
        checksum_sha256: sum("sha256"),
        checksum_type: (with_sums && !meta.sums.is_empty())
            .then(|| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        content_disposition: meta.attributes.content_disposition,
        content_encoding: meta.attributes.content_encoding,
        content_language: meta.attributes.content_language,
        content_length: Some(length),
        content_range: slice.range.clone(),
        content_type: Some(content_type),
        e_tag: Some(ETag::Strong(meta.etag)),
        expires: meta.attributes.expires,
        last_modified: Some(Meta::timestamp(meta.modified)),
        metadata: Some(meta.attributes.user.into_iter().collect()),
        parts_count: (part.is_some() && parts > 0).then_some(parts),
        website_redirect_location: meta.attributes.website_redirect_location,
        ..HeadObjectOutput::default()
    })
}
