//! One bucket: its objects on disk and their keys in memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use s3s::{S3Result, s3_error};
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::incoming::Received;
use super::{Condition, Hashes, Incoming, Meta, io, read_meta};
use crate::embedded::log;
use crate::system::hexadecimal;
use crate::system::text::count;

/// What listings show of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) size: u64,
    pub(crate) etag: String,
    /// Milliseconds since 1970.
    pub(crate) modified: u64,
}

/// A bucket that exists, or did when it was looked up.
pub(crate) struct Bucket {
    pub(super) directory: PathBuf,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` until the directory was read.
    keys: Option<BTreeMap<String, Entry>>,
    /// Deleted since it was looked up.
    gone: bool,
}

impl Bucket {
    pub(super) fn new(directory: PathBuf, created: u64) -> Self {
        Self { directory, created, state: Mutex::default() }
    }

    /// Whether [`Self::load`] was done.
    pub(crate) fn is_loaded(&self) -> bool {
        self.state().keys.is_some()
    }

    /// Reads the keys from the disk, once. Nothing is written to a bucket before that.
    pub(crate) fn load(&self) -> S3Result<()> {
        let directory = self.objects();
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(&directory).map_err(io("read", &directory))? {
            let path = entry.map_err(io("read", &directory))?.path();
            match File::open(&path).and_then(|file| read_meta(&file)) {
                Ok(meta) => {
                    let entry = Entry { size: meta.size, etag: meta.etag, modified: meta.modified };
                    keys.insert(meta.key, entry);
                }
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    log::line(&format!("left out `{}`: {error}", path.display()));
                }
                Err(error) => return Err(io("read", &path)(error)),
            }
        }
        self.state().keys.get_or_insert(keys);
        Ok(())
    }

    /// Runs `look` on the keys.
    pub(crate) fn keys<T>(&self, look: impl FnOnce(&BTreeMap<String, Entry>) -> T) -> S3Result<T> {
        let mut state = self.state();
        state.live().map(|keys| look(keys))
    }

    /// Opens an object. What is read from it stays that object, whatever happens to the key.
    pub(crate) fn open(&self, key: &str) -> S3Result<(File, Meta)> {
        let path = self.object(key);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(s3_error!(NoSuchKey, "the key does not exist"));
            }
            Err(error) => return Err(io("open", &path)(error)),
        };
        match read_meta(&file) {
            Ok(meta) => Ok((file, meta)),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(s3_error!(NoSuchKey, "the key does not exist")),
            Err(error) => Err(io("read", &path)(error)),
        }
    }

    /// Begins to take content in.
    pub(crate) fn receive(&self, hashes: Hashes) -> S3Result<Incoming> {
        let directory = self.directory.join("incoming");
        Incoming::create(&directory, hashes).map_err(io("create a file in", &directory))
    }

    /// Makes received content the object `meta.key`, if `condition` holds of what is there at that moment.
    pub(crate) fn commit(&self, received: Received, meta: Meta, condition: &Condition) -> S3Result<()> {
        let sealed = received.seal(&meta).map_err(io("write", &self.directory))?;
        self.place(sealed, meta, condition)
    }

    fn place(&self, sealed: TempPath, meta: Meta, condition: &Condition) -> S3Result<()> {
        let path = self.object(&meta.key);
        // the rename and the key change together, else the two could end in a different order than each other
        let mut state = self.state();
        let keys = state.live()?;
        condition.check(keys.get(&meta.key).map(|entry| entry.etag.as_str()))?;
        sealed.persist(&path).map_err(|error| io("replace", &path)(error.error))?;
        keys.insert(meta.key, Entry { size: meta.size, etag: meta.etag, modified: meta.modified });
        Ok(())
    }

    /// Removes an object, if `condition` holds of it. To remove what does not exist is no error.
    pub(crate) fn remove(&self, key: &str, condition: &Condition) -> S3Result<()> {
        let path = self.object(key);
        let mut state = self.state();
        let keys = state.live()?;
        condition.check(keys.get(key).map(|entry| entry.etag.as_str()))?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("remove", &path)(error)),
            _ => keys.remove(key),
        };
        Ok(())
    }

    /// Ends the bucket, unless it holds something; the caller then removes the directory.
    pub(super) fn end(&self) -> S3Result<()> {
        let uploads = self.uploads()?.len();
        let mut state = self.state();
        let objects = state.live()?.len();
        if objects > 0 || uploads > 0 {
            let what =
                format!("the bucket contains {} and {}", count(objects, "object"), count(uploads, "open upload"));
            return Err(s3_error!(BucketNotEmpty, "{}", what));
        }
        state.gone = true;
        Ok(())
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.directory.join("objects")
    }

    fn object(&self, key: &str) -> PathBuf {
        self.objects().join(file_name(key))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // a panic leaves the keys as they were: every change is one call
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn live(&mut self) -> S3Result<&mut BTreeMap<String, Entry>> {
        if self.gone {
            return Err(s3_error!(NoSuchBucket, "the bucket does not exist"));
        }
        self.keys.as_mut().ok_or_else(|| s3_error!(InternalError, "the bucket was not loaded"))
    }
}

/// Where in `objects/` a key lives. A digest: every key fits, and none can name another place.
fn file_name(key: &str) -> PathBuf {
    Path::new(&hexadecimal(&Sha256::digest(key.as_bytes()))).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::s3::store::{Attributes, Store, Sums};

    fn put(bucket: &Bucket, key: &str, content: &[u8]) {
        let mut incoming = bucket.receive(Hashes::of(&[])).unwrap();
        incoming.write(content).unwrap();
        let received = incoming.finish();
        let etag = hexadecimal(&received.md5);
        let (size, modified) = (received.size, Meta::now());
        let meta = Meta {
            key: key.to_owned(),
            size,
            etag,
            modified,
            sums: Sums::default(),
            parts: vec![],
            attributes: Attributes::default(),
        };
        bucket.commit(received, meta, &Condition::default()).unwrap();
    }

    #[test]
    fn every_key_has_its_own_place_inside_the_bucket() {
        let long = "k".repeat(1024);
        let keys = ["a", "a/b", "a//b", "a/", "../x", "../../etc/passwd", "A", "ü", ".", "..", "\u{1}", &long];
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        store.create("b-1").unwrap();
        let bucket = store.bucket("b-1").unwrap();
        bucket.load().unwrap();
        for key in keys {
            put(&bucket, key, key.as_bytes());
        }
        assert_eq!(fs::read_dir(bucket.objects()).unwrap().count(), keys.len());
        assert_eq!(fs::read_dir(bucket.directory.join("incoming")).unwrap().count(), 0);

        drop((bucket, store));
        let store = Store::open(home.path()).unwrap();
        let bucket = store.bucket("b-1").unwrap();
        bucket.load().unwrap();
        for key in keys {
            let (_, meta) = bucket.open(key).unwrap();
            assert_eq!((meta.key.as_str(), meta.size), (key, key.len() as u64));
        }
        assert_eq!(bucket.keys(BTreeMap::len).unwrap(), keys.len());
    }

    #[test]
    fn an_unfinished_file_is_no_object() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        store.create("b-1").unwrap();
        let bucket = store.bucket("b-1").unwrap();
        fs::write(bucket.object("half"), b"half an obj").unwrap();
        bucket.load().unwrap();
        assert_eq!(bucket.keys(BTreeMap::len).unwrap(), 0);
        assert_eq!(bucket.open("half").unwrap_err().code().as_str(), "NoSuchKey");
    }

    #[test]
    fn a_bucket_that_ended_takes_nothing_more() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        store.create("b-1").unwrap();
        let bucket = store.bucket("b-1").unwrap();
        bucket.load().unwrap();
        put(&bucket, "k", b"v");
        assert_eq!(store.delete("b-1").unwrap_err().code().as_str(), "BucketNotEmpty");
        bucket.remove("k", &Condition::default()).unwrap();
        bucket.remove("k", &Condition::default()).unwrap();
        store.delete("b-1").unwrap();
        assert_eq!(bucket.remove("k", &Condition::default()).unwrap_err().code().as_str(), "NoSuchBucket");
        assert!(store.bucket("b-1").is_none());
        assert_eq!(fs::read_dir(home.path().join("buckets")).unwrap().count(), 0);
    }
}
