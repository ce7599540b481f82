//! The agents' keys on the embedded S3 server: a file that harness writes and the server reads.
//!
//! ```json
//! { "version": 1, "keys": { "<access key>": { "secret": "…", "bucket": "agent-3" } } }
//! ```
//!
//! Two launches may write at once, so a change is made under a lock beside the file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::system::{FileLock, Result, Secret, Versioned, read_versioned, write_versioned};

/// Keys by access key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AgentKeys {
    keys: BTreeMap<String, AgentKey>,
}

/// One agent's key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentKey {
    /// Its secret.
    pub secret: Secret,
    /// The only bucket that it opens.
    pub bucket: String,
}

impl Versioned for AgentKeys {
    const WHAT: &'static str = "file of S3 credentials";
    const VERSION: u32 = 1;
}

impl AgentKeys {
    /// Reads the file; no file means no keys.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(read_versioned(path)?.unwrap_or_default())
    }

    /// The key with this access key.
    pub fn get(&self, access_key: &str) -> Option<&AgentKey> {
        self.keys.get(access_key)
    }
}

/// Lets `access_key` into `bucket` and nowhere else. Other keys of that bucket end: an agent has one.
pub fn grant(path: &Path, access_key: &str, secret: &Secret, bucket: &str) -> Result<()> {
    change(path, |keys| {
        keys.retain(|_, key| key.bucket != bucket);
        keys.insert(access_key.to_owned(), AgentKey { secret: secret.clone(), bucket: bucket.to_owned() });
    })
}

/// Ends a key. That it is not there is no error.
pub fn revoke(path: &Path, access_key: &str) -> Result<()> {
    change(path, |keys| {
        keys.remove(access_key);
    })
}

fn change(path: &Path, edit: impl FnOnce(&mut BTreeMap<String, AgentKey>)) -> Result<()> {
    let _lock = FileLock::wait(&path.with_extension("lock"), "change S3 credentials")?;
    let mut document = AgentKeys::read(path)?;
    edit(&mut document.keys);
    write_versioned(path, &document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_has_one_key_and_others_keep_theirs() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("credentials.json");
        for (access_key, bucket) in [("A", "agent-1"), ("B", "agent-11"), ("C", "agent-1")] {
            grant(&path, access_key, &Secret::new("s"), bucket).unwrap();
        }
        let keys = AgentKeys::read(&path).unwrap();
        assert!(keys.get("A").is_none());
        assert_eq!(keys.get("B").unwrap().bucket, "agent-11");
        assert_eq!(keys.get("C").unwrap().bucket, "agent-1");
        revoke(&path, "C").unwrap();
        revoke(&path, "C").unwrap();
        assert!(AgentKeys::read(&path).unwrap().get("C").is_none());
        assert!(AgentKeys::read(&path).unwrap().get("B").is_some());
    }

    #[test]
    fn grants_at_once_are_all_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("credentials.json");
        std::thread::scope(|scope| {
            for agent in 1..=8 {
                let path = &path;
                scope.spawn(move || grant(path, &format!("K{agent}"), &Secret::new("s"), &format!("agent-{agent}")));
            }
        });
        let keys = AgentKeys::read(&path).unwrap();
        assert!((1..=8).all(|agent| keys.get(&format!("K{agent}")).is_some()));
    }
}
