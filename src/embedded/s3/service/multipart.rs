//! Multipart uploads.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType, CommonPrefix, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload,
    Part, Range, StorageClass, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Server;
use super::checks::ReadCondition;
use super::content::receive;
use super::copy::source;
use super::encoding::Names;
use super::listing::{owner, page_size};
use super::objects::user_metadata;
use super::server::blocking;
use crate::embedded::s3::store::{Attributes, Condition, Hashes, Meta, Part as StoredPart, Sums, Upload, io};

impl Server {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        let attributes = Attributes {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: Attributes::stored_encoding(input.content_encoding.as_deref()),
            content_language: input.content_language,
            expires: input.expires,
            website_redirect_location: input.website_redirect_location,
            user: user_metadata(input.metadata),
        };
        let upload = bucket.begin(input.key, attributes)?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: input.checksum_type,
            ..CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let (input, headers) = (request.input, request.headers);
        check_part_number(input.part_number)?;
        let bucket = self.bucket(&input.bucket).await?;
        let upload = bucket.upload(&input.key, &input.upload_id)?;
        let md5 = input.content_md5.as_deref();
        let received = receive(&bucket, input.body, &headers, request.trailing_headers, md5).await?;
        let meta = bucket.add_part(&upload, input.part_number, received)?;
        Ok(UploadPartOutput {
            e_tag: Some(ETag::Strong(meta.etag)),
            checksum_crc32: meta.sums.get("crc32"),
            checksum_crc32c: meta.sums.get("crc32c"),
            checksum_crc64nvme: meta.sums.get("crc64nvme"),
            checksum_sha1: meta.sums.get("sha1"),
            checksum_sha256: meta.sums.get("sha256"),
            ..UploadPartOutput::default()
        })
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<UploadPartCopyOutput> {
        let input = request.input;
        check_part_number(input.part_number)?;
        let (source_bucket, source_key) = source(&input.copy_source)?;
        let from = self.bucket(source_bucket).await?;
        let to = self.bucket(&input.bucket).await?;
        let upload = to.upload(&input.key, &input.upload_id)?;
        let (file, old) = from.open(source_key)?;
        let condition = ReadCondition {
            matching: input.copy_source_if_match,
            none_matching: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        condition.check_copy(&old)?;
        let range = match &input.copy_source_range {
            None => 0..old.size,
            Some(text) => Range::parse(text)
                .map_err(|_| s3_error!(InvalidArgument, "the copy source range cannot be read"))?
                .check(old.size)?,
        };
        let meta = blocking(move || {
            let mut incoming = to.receive(Hashes::of(&[]))?;
            std::io::Seek::seek(&mut &file, std::io::SeekFrom::Start(range.start)).map_err(io("read", "object"))?;
            incoming.read_from(&file, range.end - range.start).map_err(io("copy", "object"))?;
            to.add_part(&upload, input.part_number, incoming.finish())
        })
        .await?;
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(meta.etag)),
            last_modified: Some(Meta::timestamp(meta.modified)),
            ..CopyPartResult::default()
        };
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let (input, headers) = (request.input, request.headers);
        let bucket = self.bucket(&input.bucket).await?;
        let upload = bucket.upload(&input.key, &input.upload_id)?;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        if parts.is_empty() {
            return Err(s3_error!(MalformedXML, "an upload is completed with at least one part"));
        }
        let parts = parts.into_iter().map(|part| {
            let number = part.part_number.ok_or_else(|| s3_error!(MalformedXML, "a part lacks its number"))?;
            Ok((number, part.e_tag.map(ETag::into_value)))
        });
        let parts = parts.collect::<S3Result<Vec<_>>>()?;
        // a checksum of checksums cannot be compared with one of the whole
        let composite = input.checksum_type.is_some_and(|kind| kind.as_str() == ChecksumType::COMPOSITE);
        let expected = if composite { Sums::default() } else { Sums::of_headers(&headers).of_whole() };
        let condition = Condition { if_match: input.if_match, if_none_match: input.if_none_match };
        let meta = blocking(move || bucket.complete(&upload, &parts, &expected, &condition)).await?;
        Ok(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(meta.etag)),
            checksum_crc32: meta.sums.get("crc32"),
            checksum_crc32c: meta.sums.get("crc32c"),
            checksum_crc64nvme: meta.sums.get("crc64nvme"),
            checksum_sha1: meta.sums.get("sha1"),
            checksum_sha256: meta.sums.get("sha256"),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        let upload = bucket.upload(&input.key, &input.upload_id)?;
        blocking(move || bucket.end_upload(&upload)).await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        let upload = bucket.upload(&input.key, &input.upload_id)?;
        let max_parts = page_size(input.max_parts)?;
        let after = input.part_number_marker.unwrap_or_default();
        let stored = blocking(move || bucket.parts(&upload)).await?;
        let (page, more) = cut(stored.into_iter().filter(|part| part.number > after).collect(), max_parts);
        let next = page.last().map(|part| part.number).filter(|_| more);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(more),
            next_part_number_marker: next,
            part_number_marker: Some(after),
            max_parts: Some(max_parts),
            parts: Some(page.into_iter().map(part).collect()),
            initiator: Some(Initiator { id: owner().id, display_name: owner().display_name }),
            owner: Some(owner()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..ListPartsOutput::default()
        })
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let input = request.input;
        let bucket = self.bucket(&input.bucket).await?;
        let names = Names::asked(input.encoding_type.as_ref());
        let max_uploads = page_size(input.max_uploads)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().filter(|delimiter| !delimiter.is_empty());
        let uploads = blocking(move || bucket.uploads()).await?;
        let uploads = behind(uploads, input.key_marker.as_deref(), input.upload_id_marker.as_deref());

        let (mut shared, mut plain) = (Vec::<String>::new(), Vec::new());
        for upload in uploads.into_iter().filter(|upload| upload.key.starts_with(&prefix)) {
            let folded = delimiter.as_ref().and_then(|delimiter| {
                let at = upload.key[prefix.len()..].find(delimiter.as_str())?;
                Some(upload.key[..prefix.len() + at + delimiter.len()].to_owned())
            });
            match folded {
                Some(name) if shared.last() == Some(&name) => {}
                Some(name) => shared.push(name),
                None => plain.push(upload),
            }
        }
        let (page, more) = cut(plain, max_uploads);
        let last = page.last().filter(|_| more);
        Ok(ListMultipartUploadsOutput {
            is_truncated: Some(more),
            next_key_marker: last.map(|upload| names.write(&upload.key)),
            next_upload_id_marker: last.map(|upload| upload.id.clone()),
            uploads: Some(page.into_iter().map(|upload| open_upload(upload, names)).collect()),
            common_prefixes: Some(shared.iter().map(|name| CommonPrefix { prefix: Some(names.write(name)) }).collect()),
            max_uploads: Some(max_uploads),
            prefix: names.write_opt(input.prefix.as_deref()),
            delimiter: names.write_opt(input.delimiter.as_deref()),
            key_marker: names.write_opt(input.key_marker.as_deref()),
            upload_id_marker: input.upload_id_marker,
            encoding_type: input.encoding_type,
            bucket: Some(input.bucket),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=10_000).contains(&number) {
        Ok(())
    } else {
        Err(s3_error!(InvalidArgument, "a part number is from 1 to 10000"))
    }
}

/// The uploads behind a marker: those of later keys, and those of the same key after the named one.
fn behind(mut uploads: Vec<Upload>, key: Option<&str>, id: Option<&str>) -> Vec<Upload> {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return uploads };
    let named = id.and_then(|id| uploads.iter().position(|upload| upload.key == key && upload.id == id));
    match named {
        Some(position) => uploads.split_off(position + 1),
        None => uploads.into_iter().filter(|upload| upload.key.as_str() > key).collect(),
    }
}

/// The first items, and whether there are more.
fn cut<T>(mut items: Vec<T>, limit: i32) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or_default();
    let more = limit > 0 && items.len() > limit;
    items.truncate(limit);
    (items, more)
}

fn part(part: StoredPart) -> Part {
    Part {
        e_tag: Some(ETag::Strong(part.meta.etag)),
        last_modified: Some(Meta::timestamp(part.meta.modified)),
        part_number: Some(part.number),
        size: i64::try_from(part.meta.size).ok(),
        checksum_crc32: part.meta.sums.get("crc32"),
        checksum_crc32c: part.meta.sums.get("crc32c"),
        checksum_crc64nvme: part.meta.sums.get("crc64nvme"),
        checksum_sha1: part.meta.sums.get("sha1"),
        checksum_sha256: part.meta.sums.get("sha256"),
    }
}

fn open_upload(upload: Upload, names: Names) -> MultipartUpload {
    MultipartUpload {
        initiated: Some(Meta::timestamp(upload.initiated)),
        initiator: Some(Initiator { id: owner().id, display_name: owner().display_name }),
        key: Some(names.write(&upload.key)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    }
}
