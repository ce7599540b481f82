//! Who may do what: the root keys everything, an agent's keys everything in its own bucket and nothing else.
//!
//! The agents' keys come from a file that harness replaces when a stack is launched or torn down; it is read
//! again when it has changed, so no server restarts for it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{Credentials, S3Auth, SecretKey};
use s3s::dto::{CopyObjectInput, CopySource, UploadPartCopyInput};
use s3s::path::S3Path;
use s3s::{S3Request, S3Result, s3_error};

// sideways, for a reason: who writes the file and who reads it share its type
use crate::bucket::embedded_credentials::AgentKeys;
use crate::embedded::log;
use crate::system::Secret;

/// How far a key reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    Everything,
    /// One bucket, by its exact name.
    Bucket(String),
}

impl Reach {
    /// Whether this bucket is within reach.
    pub(super) fn covers(&self, bucket: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Bucket(own) => own == bucket,
        }
    }
}

/// Every key that the server knows.
pub(super) struct Keyring {
    root_key: String,
    root_secret: Secret,
    file: Option<PathBuf>,
    agents: Mutex<(Option<Stamp>, AgentKeys)>,
}

/// Tells one state of the file from another: it is always replaced, so its inode changes with its content.
type Stamp = (u64, i64, i64, u64);

impl Keyring {
    pub(super) fn new(root_key: String, root_secret: Secret, file: Option<PathBuf>) -> Self {
        Self { root_key, root_secret, file, agents: Mutex::default() }
    }

    /// How far this key reaches; `None` when it is unknown.
    pub(super) fn reach(&self, access_key: &str) -> Option<Reach> {
        self.look_up(access_key).map(|(_, reach)| reach)
    }

    fn look_up(&self, access_key: &str) -> Option<(Secret, Reach)> {
        if access_key == self.root_key {
            return Some((self.root_secret.clone(), Reach::Everything));
        }
        let path = self.file.as_deref()?;
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(path);
        if agents.0 != stamp {
            match AgentKeys::read(path) {
                Ok(keys) => *agents = (stamp, keys),
                // the last good state stays in force; the stamp too, so that it is said once
                Err(error) => {
                    log::error(&error);
                    agents.0 = stamp;
                }
            }
        }
        let key = agents.1.get(access_key)?;
        Some((key.secret.clone(), Reach::Bucket(key.bucket.clone())))
    }

    fn check_source(&self, credentials: Option<&Credentials>, source: &CopySource) -> S3Result<()> {
        let reach = credentials.and_then(|credentials| self.reach(&credentials.access_key));
        match source {
            CopySource::Bucket { bucket, .. } if reach.is_some_and(|reach| reach.covers(bucket)) => Ok(()),
            CopySource::Bucket { .. } => {
                Err(s3_error!(AccessDenied, "the key does not reach this, or the request is not signed"))
            }
            _ => Err(s3_error!(NotImplemented, "only objects of buckets can be copied")),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.size()))
}

/// The keyring as s3s asks for secrets and for leave.
#[derive(Clone)]
pub(super) struct Doorkeeper(pub(super) std::sync::Arc<Keyring>);

#[async_trait::async_trait]
impl S3Auth for Doorkeeper {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.0.look_up(access_key) {
            Some((secret, _)) => Ok(secret.expose().into()),
            None => Err(s3_error!(InvalidAccessKeyId, "the access key is not known here")),
        }
    }
}

#[async_trait::async_trait]
impl S3Access for Doorkeeper {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let reach = context.credentials().and_then(|credentials| self.0.reach(&credentials.access_key));
        let allowed = match (reach, context.s3_path()) {
            (None, _) => false,
            // the listing itself is cut to what is within reach
            (Some(Reach::Bucket(_)), S3Path::Root) => context.s3_op().name() == "ListBuckets",
            (Some(_), S3Path::Root) => true,
            (Some(reach), S3Path::Bucket { bucket } | S3Path::Object { bucket, .. }) => reach.covers(bucket),
        };
        if allowed {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "the key does not reach this, or the request is not signed"))
        }
    }

    async fn copy_object(&self, request: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        self.0.check_source(request.credentials.as_ref(), &request.input.copy_source)
    }

    async fn upload_part_copy(&self, request: &mut S3Request<UploadPartCopyInput>) -> S3Result<()> {
        self.0.check_source(request.credentials.as_ref(), &request.input.copy_source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::embedded_credentials::{grant, revoke};

    #[test]
    fn a_changed_file_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("credentials.json");
        let keyring = Keyring::new("root".into(), Secret::new("s"), Some(file.clone()));
        assert_eq!(keyring.reach("root"), Some(Reach::Everything));
        assert_eq!(keyring.reach("AK1"), None);
        for round in 0..20 {
            grant(&file, "AK1", &Secret::new(format!("secret {round}")), "agent-1").unwrap();
            let (secret, reach) = keyring.look_up("AK1").unwrap();
            assert_eq!(secret.expose(), format!("secret {round}"));
            assert!(reach.covers("agent-1") && !reach.covers("agent-11") && !reach.covers("agent-"));
            revoke(&file, "AK1").unwrap();
            assert_eq!(keyring.reach("AK1"), None);
        }
    }

    #[test]
    fn a_damaged_file_leaves_the_last_good_state() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("credentials.json");
        grant(&file, "AK1", &Secret::new("s"), "agent-1").unwrap();
        let keyring = Keyring::new("root".into(), Secret::new("s"), Some(file.clone()));
        assert!(keyring.reach("AK1").is_some());
        fs::write(&file, "{").unwrap();
        assert!(keyring.reach("AK1").is_some());
        fs::remove_file(&file).unwrap();
        assert!(keyring.reach("AK1").is_none());
    }
}
