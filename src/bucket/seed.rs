//! Filling a bucket from a directory: each file is an object, named by its path below the directory.

use std::path::{Path, PathBuf};

use aws_sdk_s3::primitives::ByteStream;

use super::{Buckets, Error, Result};
use crate::system;

impl Buckets {
    /// Uploads what lies in `directory`, over objects of the same names; says how many objects that were.
    ///
    /// # Errors
    /// A file cannot be read, or the server refuses one.
    pub async fn fill(&self, bucket: &str, directory: &Path) -> Result<usize> {
        let mut files = Vec::new();
        collect(directory, &mut files)?;
        for file in &files {
            let key = file.strip_prefix(directory).unwrap_or(file).to_string_lossy().into_owned();
            let bytes = std::fs::read(file).map_err(system::Error::file("read", file)).map_err(Error::Seed)?;
            let sent = self.client.put_object().bucket(bucket).key(&key).body(ByteStream::from(bytes)).send().await;
            sent.map_err(Error::of(&self.url, format!("store `{key}` in bucket `{bucket}`")))?;
        }
        Ok(files.len())
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = || system::Error::file("list", directory);
    let entries = std::fs::read_dir(directory).map_err(failed()).map_err(Error::Seed)?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    if let Ok(paths) = &mut paths {
        paths.sort_unstable();
    }
    for path in paths.map_err(failed()).map_err(Error::Seed)? {
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
