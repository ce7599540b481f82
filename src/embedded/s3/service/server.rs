//! What every operation needs: the buckets, and how far the caller's key reaches.

use std::sync::Arc;

use s3s::auth::Credentials;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::embedded::s3::keyring::{Keyring, Reach};
use crate::embedded::s3::store::{Bucket, Store};

/// The S3 service.
pub(crate) struct Server {
    pub(super) store: Arc<Store>,
    keyring: Arc<Keyring>,
}

impl Server {
    /// A service over a store; `keyring` must also be its access check.
    pub(crate) fn new(store: Store, keyring: Arc<Keyring>) -> Self {
        Self { store: Arc::new(store), keyring }
    }

    /// A bucket, with its keys read.
    pub(super) async fn bucket(&self, name: &str) -> S3Result<Arc<Bucket>> {
        let bucket = self.store.bucket(name).ok_or_else(|| s3_error!(NoSuchBucket, "the bucket does not exist"))?;
        if !bucket.is_loaded() {
            let loading = bucket.clone();
            blocking(move || loading.load()).await?;
        }
        Ok(bucket)
    }

    pub(super) fn reach(&self, credentials: Option<&Credentials>) -> S3Result<Reach> {
        let reach = credentials.and_then(|credentials| self.keyring.reach(&credentials.access_key));
        reach.ok_or_else(|| s3_error!(AccessDenied, "the key does not reach this, or the request is not signed"))
    }
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> S3Result<T> + Send + 'static) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))),
    }
}
