//! One file an object: its bytes, then its attributes as JSON, their length, and a mark.
//!
//! The end of the file is written last, so a file that a crash cut short lacks the mark.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use s3s::dto::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attributes, Sums};

const MARK: &[u8; 8] = b"harness1";
/// The length of the JSON, then the mark.
const END: u64 = 16;

/// Everything about an object but its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) key: String,
    /// Bytes of content.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Milliseconds since 1970.
    pub(crate) modified: u64,
    #[serde(default, skip_serializing_if = "Sums::is_empty")]
    pub(crate) sums: Sums,
    /// Sizes of the parts that it was uploaded in; empty when in one piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<u64>,
    #[serde(default)]
    pub(crate) attributes: Attributes,
}

impl Meta {
    /// The present moment, as `modified` counts it.
    pub(crate) fn now() -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// `modified` as S3's terms have it.
    pub(crate) fn timestamp(modified: u64) -> Timestamp {
        Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_millis(modified))
    }
}

/// Writes the end of the file, after its content.
pub(super) fn write_meta(file: &mut File, meta: &Meta) -> io::Result<()> {
    let mut end = serde_json::to_vec(meta)?;
    let length = end.len() as u64;
    end.extend_from_slice(&length.to_le_bytes());
    end.extend_from_slice(MARK);
    file.write_all(&end)
}

/// Reads the end of the file; `InvalidData` when it was never finished.
pub(crate) fn read_meta(file: &File) -> io::Result<Meta> {
    let unfinished = || io::Error::new(io::ErrorKind::InvalidData, "the file has no end");
    let total = file.metadata()?.len();
    let end_at = total.checked_sub(END).ok_or_else(unfinished)?;
    // most attributes fit into the first guess: one read instead of two
    let guess = end_at.min(1024);
    let mut bytes = vec![0; usize::try_from(guess + END).unwrap_or_default()];
    file.read_exact_at(&mut bytes, end_at - guess)?;
    let (json, end) = bytes.split_at(bytes.len() - 16);
    let (length, mark) = end.split_at(8);
    if mark != MARK {
        return Err(unfinished());
    }
    let length = length.try_into().map_or(u64::MAX, u64::from_le_bytes);
    let start = end_at.checked_sub(length).ok_or_else(unfinished)?;
    let meta: Meta = if length <= guess {
        serde_json::from_slice(&json[json.len() - usize::try_from(length).unwrap_or_default()..])?
    } else {
        let mut json = vec![0; usize::try_from(length).map_err(|_| unfinished())?];
        file.read_exact_at(&mut json, start)?;
        serde_json::from_slice(&json)?
    };
    if meta.size == start { Ok(meta) } else { Err(unfinished()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(size: u64, note: &str) -> Meta {
        let attributes = Attributes { user: [("note".to_owned(), note.to_owned())].into(), ..Attributes::default() };
        let (key, etag) = ("k".to_owned(), "e".to_owned());
        Meta { key, size, etag, modified: 5, sums: Sums::default(), parts: vec![], attributes }
    }

    #[test]
    fn attributes_short_and_long_come_back() {
        for note in [String::new(), "x".repeat(900), "y".repeat(5000)] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(b"content").unwrap();
            write_meta(&mut file, &meta(7, &note)).unwrap();
            assert_eq!(read_meta(&file).unwrap(), meta(7, &note));
        }
    }

    #[test]
    fn a_file_that_was_cut_short_is_recognised() {
        let mut file = tempfile::tempfile().unwrap();
        assert!(read_meta(&file).is_err());
        file.write_all(b"content").unwrap();
        assert!(read_meta(&file).is_err());
        write_meta(&mut file, &meta(7, "n")).unwrap();
        let whole = file.metadata().unwrap().len();
        for length in [whole - 1, whole - 8, whole - 16, whole - 20, 7, 3] {
            file.set_len(length).unwrap();
            assert_eq!(read_meta(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn an_end_that_belongs_to_other_content_is_refused() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"shorter than it says").unwrap();
        write_meta(&mut file, &meta(7, "n")).unwrap();
        assert!(read_meta(&file).is_err());
    }
}
