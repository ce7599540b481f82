//! Multipart uploads of a bucket: a directory each, a file a part. They belong to the bucket, not to who
//! began them, so that a purge finds and aborts every one.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use rand::RngExt;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::incoming::Received;
use super::{Attributes, Bucket, Condition, Hashes, Meta, Sums, internal, io, read_meta};
use crate::system::{Versioned, create_private_dir, hexadecimal, read_versioned, write_versioned};

/// Parts but the last must be this large; the rule is S3's.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// An upload that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) key: String,
    /// Milliseconds since 1970.
    pub(crate) initiated: u64,
    pub(crate) attributes: Attributes,
}

impl Versioned for Upload {
    const WHAT: &'static str = "upload document";
    const VERSION: u32 = 1;
}

/// A part that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) number: i32,
    pub(crate) meta: Meta,
}

impl Bucket {
    /// Begins an upload of `key`.
    pub(crate) fn begin(&self, key: String, attributes: Attributes) -> S3Result<Upload> {
        let id = hexadecimal(&rand::rng().random::<[u8; 16]>());
        let upload = Upload { id, key, initiated: Meta::now(), attributes };
        let directory = self.directory.join("uploads").join(&upload.id);
        create_private_dir(&directory, 0o700).map_err(internal)?;
        write_versioned(&directory.join("upload.json"), &upload).map_err(internal)?;
        Ok(upload)
    }

    /// The upload of `key` with this id.
    pub(crate) fn upload(&self, key: &str, id: &str) -> S3Result<Upload> {
        let upload = self.read_upload(id)?.filter(|upload| upload.key == key);
        upload
            .ok_or_else(|| s3_error!(NoSuchUpload, "the upload does not exist; it may have been aborted or completed"))
    }

    /// Every open upload, by key, then by when it was begun.
    pub(crate) fn uploads(&self) -> S3Result<Vec<Upload>> {
        let directory = self.directory.join("uploads");
        let mut uploads = Vec::new();
        for entry in fs::read_dir(&directory).map_err(io("read", &directory))? {
            let name = entry.map_err(io("read", &directory))?.file_name();
            if let Some(upload) = name.to_str().map(|id| self.read_upload(id)).transpose()?.flatten() {
                uploads.push(upload);
            }
        }
        uploads.sort_by(|one, other| (&one.key, one.initiated, &one.id).cmp(&(&other.key, other.initiated, &other.id)));
        Ok(uploads)
    }

    /// Keeps received content as a part, in place of one of the same number.
    pub(crate) fn add_part(&self, upload: &Upload, number: i32, received: Received) -> S3Result<Meta> {
        let path = self.part(upload, number);
        let meta = Meta {
            key: upload.key.clone(),
            size: received.size,
            etag: hexadecimal(&received.md5),
            modified: Meta::now(),
            sums: received.sums.clone(),
            parts: vec![],
            attributes: Attributes::default(),
        };
        let sealed = received.seal(&meta).map_err(io("write", &path))?;
        match sealed.persist(&path) {
            Ok(()) => Ok(meta),
            // aborted or completed meanwhile
            Err(error) if error.error.kind() == ErrorKind::NotFound => {
                Err(s3_error!(NoSuchUpload, "the upload does not exist; it may have been aborted or completed"))
            }
            Err(error) => Err(io("replace", &path)(error.error)),
        }
    }

    /// The parts that have arrived, by number.
    pub(crate) fn parts(&self, upload: &Upload) -> S3Result<Vec<Part>> {
        let directory = self.directory.join("uploads").join(&upload.id);
        let mut parts = Vec::new();
        for entry in fs::read_dir(&directory).map_err(io("read", &directory))? {
            let path = entry.map_err(io("read", &directory))?.path();
            let number = path.file_name().and_then(|name| name.to_str()?.strip_prefix("part-")?.parse().ok());
            let Some(number) = number else { continue };
            let meta = File::open(&path).and_then(|file| read_meta(&file)).map_err(io("read", &path))?;
            parts.push(Part { number, meta });
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Makes the named parts, in their order, the object, and ends the upload. `parts` are numbers and
    /// `ETag`s; `hashes` decide whether the whole is read for a checksum, which must then be as `expected`.
    pub(crate) fn complete(
        &self,
        upload: &Upload,
        parts: &[(i32, Option<String>)],
        expected: &Sums,
        condition: &Condition,
    ) -> S3Result<Meta> {
        let mut whole = self.receive(Hashes::of(&expected.algorithms()))?;
        let (mut digests, mut sizes) = (Vec::new(), Vec::new());
        if parts.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(s3_error!(InvalidPartOrder, "parts are named in ascending order"));
        }
        for (position, (number, etag)) in parts.iter().enumerate() {
            let path = self.part(upload, *number);
            let file = File::open(&path).map_err(|_| s3_error!(InvalidPart, "part {number} was not uploaded"))?;
            let meta = read_meta(&file).map_err(io("read", &path))?;
            if etag.as_ref().is_some_and(|etag| *etag != meta.etag) {
                return Err(s3_error!(InvalidPart, "part {number} is not the one that was uploaded"));
            }
            if position + 1 < parts.len() && meta.size < SMALLEST_PART {
                return Err(s3_error!(EntityTooSmall, "part {number} is smaller than 5 MiB"));
            }
            let copy = if expected.is_empty() {
                whole.splice_from(&file, meta.size)
            } else {
                whole.read_from(&file, meta.size)
            };
            copy.map_err(io("copy", &path))?;
            digests.push(meta.etag);
            sizes.push(meta.size);
        }
        let received = whole.finish();
        received.sums.verify(expected)?;
        let meta = Meta {
            key: upload.key.clone(),
            size: received.size,
            etag: etag_of_parts(&digests),
            modified: Meta::now(),
            sums: received.sums.clone(),
            parts: sizes,
            attributes: upload.attributes.clone(),
        };
        self.commit(received, meta.clone(), condition)?;
        self.end_upload(upload)?;
        Ok(meta)
    }

    /// Ends an upload and drops its parts.
    pub(crate) fn end_upload(&self, upload: &Upload) -> S3Result<()> {
        let directory = self.directory.join("uploads").join(&upload.id);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", &directory)(error)),
            _ => Ok(()),
        }
    }

    fn read_upload(&self, id: &str) -> S3Result<Option<Upload>> {
        // what is not of our making is not made part of a path
        if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        read_versioned(&self.directory.join("uploads").join(id).join("upload.json")).map_err(internal)
    }

    fn part(&self, upload: &Upload, number: i32) -> PathBuf {
        self.directory.join("uploads").join(&upload.id).join(format!("part-{number:05}"))
    }
}

/// The `ETag` of an object in parts: the MD5 of its parts' MD5s, and how many there are.
fn etag_of_parts(etags: &[String]) -> String {
    let mut hashes = Hashes::of(&[]);
    for etag in etags {
        let digits = etag.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        let bytes: Vec<u8> = digits.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
        hashes.update(&bytes);
    }
    format!("{}-{}", hexadecimal(&hashes.finish().0), etags.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_of_parts_is_as_s3_computes_it() {
        // md5("a"), md5("b"); their concatenation's md5
        let parts = ["0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f"].map(ToOwned::to_owned);
        assert_eq!(etag_of_parts(&parts), "96e024ba2074fe77e8e965ba43a704be-2");
    }
}
