//! All buckets of a data directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::{Bucket, Meta, internal, io};
use crate::embedded::{Error, Result};
use crate::system::{self, FileLock, Versioned, create_private_dir, read_versioned, write_versioned};

/// The buckets, and the right to change them.
pub(crate) struct Store {
    directory: PathBuf,
    buckets: Mutex<BTreeMap<String, Arc<Bucket>>>,
    _lock: FileLock,
}

#[derive(Serialize, Deserialize)]
struct BucketDocument {
    created: u64,
}

impl Versioned for BucketDocument {
    const WHAT: &'static str = "bucket document";
    const VERSION: u32 = 1;
}

impl Store {
    /// Opens the data directory, making it when absent, and clears away what a killed server left half-done.
    pub(crate) fn open(data: &Path) -> Result<Self> {
        let directory = data.join("buckets");
        create_private_dir(data, 0o700)?;
        create_private_dir(&directory, 0o700)?;
        let lock = FileLock::try_acquire(&data.join("lock"), "serve S3")?
            .map_err(|_| Error::InUse { directory: data.to_owned() })?;
        let mut buckets = BTreeMap::new();
        for entry in fs::read_dir(&directory).map_err(system::Error::file("read", &directory))? {
            let path = entry.map_err(system::Error::file("read", &directory))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            match read_versioned::<BucketDocument>(&path.join("bucket.json"))? {
                Some(document) if is_name(name) => {
                    clear(&path.join("incoming"))?;
                    buckets.insert(name.to_owned(), Arc::new(Bucket::new(path, document.created)));
                }
                _ => fs::remove_dir_all(&path).map_err(system::Error::file("remove", &path))?,
            }
        }
        Ok(Self { directory, buckets: Mutex::new(buckets), _lock: lock })
    }

    /// A bucket by name.
    pub(crate) fn bucket(&self, name: &str) -> Option<Arc<Bucket>> {
        self.buckets().get(name).cloned()
    }

    /// Every bucket's name and when it was made, in milliseconds since 1970; by name.
    pub(crate) fn list(&self) -> Vec<(String, u64)> {
        self.buckets().iter().map(|(name, bucket)| (name.clone(), bucket.created)).collect()
    }

    /// Makes a bucket.
    pub(crate) fn create(&self, name: &str) -> S3Result<()> {
        if !is_name(name) {
            return Err(s3_error!(
                InvalidBucketName,
                "a bucket name is 3 to 63 lower-case letters, digits, dots and hyphens"
            ));
        }
        let mut buckets = self.buckets();
        if buckets.contains_key(name) {
            return Err(s3_error!(BucketAlreadyOwnedByYou, "the bucket exists"));
        }
        let new = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.directory)
            .map_err(io("create a directory in", &self.directory))?;
        for part in ["objects", "uploads", "incoming"] {
            create_private_dir(&new.path().join(part), 0o700).map_err(internal)?;
        }
        let created = Meta::now();
        write_versioned(&new.path().join("bucket.json"), &BucketDocument { created }).map_err(internal)?;
        let path = self.directory.join(name);
        fs::rename(new.path(), &path).map_err(io("create", &path))?;
        // renamed away, there is nothing for the guard to remove
        let _ = new.keep();
        let bucket = Bucket::new(path, created);
        bucket.load()?;
        buckets.insert(name.to_owned(), Arc::new(bucket));
        Ok(())
    }

    /// Removes an empty bucket. It must be loaded.
    pub(crate) fn delete(&self, name: &str) -> S3Result<()> {
        let mut buckets = self.buckets();
        let bucket = buckets.get(name).ok_or_else(|| s3_error!(NoSuchBucket, "the bucket does not exist"))?;
        bucket.end()?;
        let path = bucket.directory.clone();
        let old = tempfile::Builder::new()
            .prefix(".old-")
            .tempdir_in(&self.directory)
            .map_err(io("create a directory in", &self.directory))?;
        // renamed first, so that a half-removed bucket is never taken for one
        fs::rename(&path, old.path().join("bucket")).map_err(io("remove", &path))?;
        buckets.remove(name);
        old.close().map_err(io("remove", &path))
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Bucket>>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A second look at what s3s has checked already, since a name becomes part of a path.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    (3..64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}

fn clear(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory).map_err(system::Error::file("read", directory))? {
        let path = entry.map_err(system::Error::file("read", directory))?.path();
        fs::remove_file(&path).map_err(system::Error::file("remove", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let first = Store::open(home.path()).unwrap();
        assert!(matches!(Store::open(home.path()), Err(Error::InUse { .. })));
        drop(first);
        Store::open(home.path()).unwrap();
    }

    #[test]
    fn what_a_killed_server_left_is_cleared() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        store.create("agent-1").unwrap();
        drop(store);
        let buckets = home.path().join("buckets");
        fs::create_dir_all(buckets.join(".old-x/bucket/objects")).unwrap();
        fs::create_dir_all(buckets.join("agent-2/objects")).unwrap();
        fs::write(buckets.join("agent-1/incoming/abc"), b"half").unwrap();
        let store = Store::open(home.path()).unwrap();
        assert_eq!(store.list().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["agent-1"]);
        assert_eq!(fs::read_dir(&buckets).unwrap().count(), 1);
        assert_eq!(fs::read_dir(buckets.join("agent-1/incoming")).unwrap().count(), 0);
    }

    #[test]
    fn names_that_would_leave_the_directory_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        for name in ["..", "../x", "a/b", ".new-x", "ab", "UPPER", ""] {
            assert_eq!(store.create(name).unwrap_err().code().as_str(), "InvalidBucketName", "{name}");
        }
        store.create("agent-1").unwrap();
        assert_eq!(store.create("agent-1").unwrap_err().code().as_str(), "BucketAlreadyOwnedByYou");
    }
}
