//! `buckets.json`: which buckets this home made. A bucket carries no mark of its maker, so the mark is here.
//!
//! A bucket is written down before it is made and struck out after it is deleted: killed in between, the next
//! command finds the name here, and the bucket either is ours or does not exist.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::system::{FileLock, Home, Result, Versioned, read_versioned, write_versioned};

/// Whose bucket it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketOwner {
    /// The server it is on, `own` or a URL; the same name on another server is another bucket.
    pub server: String,
    /// The agent; `None` for a bucket that all agents share.
    pub agent: Option<u8>,
    /// The agent's project.
    pub project: Option<String>,
}

/// The home's buckets.
#[derive(Debug, Clone)]
pub struct BucketRegistry {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    buckets: BTreeMap<String, BucketOwner>,
}

impl Versioned for Document {
    const WHAT: &'static str = "record of buckets";
    const VERSION: u32 = 1;
}

impl BucketRegistry {
    /// The registry of a home; it need not exist yet.
    pub fn of(home: &Home) -> Self {
        Self::at(home.path())
    }

    pub(super) fn at(home: &Path) -> Self {
        Self { path: home.join("buckets.json") }
    }

    /// Whose this bucket of a server is; `None` when this home did not make it.
    pub fn owner(&self, server: &str, bucket: &str) -> Result<Option<BucketOwner>> {
        Ok(self.read()?.buckets.remove(bucket).filter(|owner| owner.server == server))
    }

    /// Every bucket of this home with its owner, by name.
    pub fn list(&self) -> Result<Vec<(String, BucketOwner)>> {
        Ok(self.read()?.buckets.into_iter().collect())
    }

    /// Writes a bucket down as ours.
    pub(super) fn add(&self, bucket: &str, owner: &BucketOwner) -> Result<()> {
        self.change(|buckets| {
            buckets.insert(bucket.to_owned(), owner.clone());
        })
    }

    /// Strikes a bucket of a server out.
    pub(super) fn remove(&self, server: &str, bucket: &str) -> Result<()> {
        self.change(|buckets| {
            if buckets.get(bucket).is_some_and(|owner| owner.server == server) {
                buckets.remove(bucket);
            }
        })
    }

    fn read(&self) -> Result<Document> {
        Ok(read_versioned(&self.path)?.unwrap_or_default())
    }

    fn change(&self, edit: impl FnOnce(&mut BTreeMap<String, BucketOwner>)) -> Result<()> {
        let _lock = FileLock::wait(&self.path.with_extension("lock"), "change the record of buckets")?;
        let mut document = self.read()?;
        edit(&mut document.buckets);
        write_versioned(&self.path, &document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_on_another_server_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let registry = BucketRegistry::at(home.path());
        let owner = BucketOwner { server: "http://a".into(), agent: Some(1), project: Some("board".into()) };
        registry.add("agent-1", &owner).unwrap();
        assert_eq!(registry.owner("http://a", "agent-1").unwrap(), Some(owner));
        assert_eq!(registry.owner("http://b", "agent-1").unwrap(), None);
        assert_eq!(registry.owner("http://a", "agent-11").unwrap(), None);
        registry.remove("http://b", "agent-1").unwrap();
        assert_eq!(registry.list().unwrap().len(), 1);
        registry.remove("http://a", "agent-1").unwrap();
        assert!(registry.list().unwrap().is_empty());
    }

    #[test]
    fn a_newer_record_is_refused() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("buckets.json"), r#"{"version": 2, "buckets": []}"#).unwrap();
        let error = BucketRegistry::at(home.path()).list().unwrap_err();
        assert!(matches!(error, crate::system::Error::Newer { found: 2, known: 1, .. }));
    }
}
