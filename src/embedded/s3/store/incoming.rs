//! Content on its way in: a temporary file and its digests. Dropped, it leaves nothing behind.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::TempPath;

use super::object_file::write_meta;
use super::{Hashes, Meta, Sums};

/// A temporary file that content is appended to.
pub(crate) struct Incoming {
    file: File,
    path: TempPath,
    hashes: Hashes,
    size: u64,
}

/// Content that is complete and lacks only its attributes.
pub(crate) struct Received {
    file: File,
    path: TempPath,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) sums: Sums,
}

impl Incoming {
    /// A new file in `directory`.
    pub(super) fn create(directory: &Path, hashes: Hashes) -> io::Result<Self> {
        let (file, path) = tempfile::Builder::new().prefix("").tempfile_in(directory)?.into_parts();
        Ok(Self { file, path, hashes, size: 0 })
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hashes.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Appends `length` bytes of another file from its position on, computing the digests.
    pub(crate) fn read_from(&mut self, source: &File, mut length: u64) -> io::Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        let mut source = source;
        while length > 0 {
            let wanted = usize::try_from(length).map_or(buffer.len(), |length| length.min(buffer.len()));
            let read = source.read(&mut buffer[..wanted])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.write(&buffer[..read])?;
            length -= read as u64;
        }
        Ok(())
    }

    /// Appends `length` bytes of another file from its position on without looking at them: the kernel
    /// copies, or shares blocks where the file system can. The digests do not cover them.
    pub(crate) fn splice_from(&mut self, source: &File, length: u64) -> io::Result<()> {
        let copied = io::copy(&mut source.take(length), &mut self.file)?;
        self.size += copied;
        if copied == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// No more content.
    pub(crate) fn finish(self) -> Received {
        let (md5, sums) = self.hashes.finish();
        Received { file: self.file, path: self.path, size: self.size, md5, sums }
    }
}

impl Received {
    /// Adds the attributes; the file may then be renamed to its place.
    pub(super) fn seal(mut self, meta: &Meta) -> io::Result<TempPath> {
        write_meta(&mut self.file, meta)?;
        Ok(self.path)
    }
}
