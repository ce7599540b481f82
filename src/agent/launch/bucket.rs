//! The agent's bucket and the key that opens it.

use std::time::{Duration, Instant};

use super::attempt::Attempt;
use crate::bucket::OwnedBuckets;
use crate::infra::Infra;
use crate::report::Failure;

/// What this step did.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) changed: bool,
    pub(super) times: Vec<(String, Duration)>,
}

/// Makes the bucket and its key where they are missing.
pub(super) async fn ensure(attempt: &Attempt<'_>, infra: &Infra) -> Result<Made, Failure> {
    let (Some(s3), Some(secret)) = (&infra.servers.s3, &attempt.record.bucket_secret) else {
        return Ok(Made::default());
    };
    let began = Instant::now();
    let bucket = attempt.record.agent.bucket();
    let buckets = OwnedBuckets::new(&attempt.context.home, s3);
    let changed = buckets.ensure(&bucket, attempt.record.agent.get(), &attempt.record.project).await?;
    infra.s3_credentials(&attempt.context.home, s3).issue(&bucket, secret).await?;
    Ok(Made { changed, times: vec![("bucket".to_owned(), began.elapsed())] })
}
