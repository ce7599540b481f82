//! The agent's bucket, the key that opens it, and its first content.

use std::time::{Duration, Instant};

use super::scope::Scope;
use crate::agent::template_values::Rendering;
use crate::agent::{Error, Lifecycle, Record};
use crate::bucket::{Buckets, OwnedBuckets};
use crate::infra::Infra;
use crate::project::{BucketSeed, Project};
use crate::report::Failure;
use crate::system::{self, CommandSpec};

/// How long filling a bucket may take.
const SEEDING: Duration = Duration::from_mins(10);

/// What this step did.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) changed: bool,
    pub(super) times: Vec<(String, Duration)>,
}

/// Makes the bucket and its key where they are missing.
pub(super) async fn ensure(scope: Scope<'_>, record: &Record, infra: &Infra) -> Result<Made, Failure> {
    let (Some(s3), Some(secret)) = (&infra.servers.s3, &record.bucket_secret) else {
        return Ok(Made::default());
    };
    let began = Instant::now();
    let bucket = record.agent.bucket();
    let buckets = OwnedBuckets::new(&scope.context.home, s3);
    let changed = buckets.ensure(&bucket, record.agent.get(), &record.project).await?;
    infra.s3_credentials(&scope.context.home, s3).issue(&bucket, secret).await?;
    Ok(Made { changed, times: vec![("bucket".to_owned(), began.elapsed())] })
}

/// Fills a bucket that is new, as `[bucket] seed` says. A first launch that is repeated fills it again: the
/// previous one may have been interrupted.
pub(super) async fn seed(
    scope: Scope<'_>,
    project: &Project,
    record: &Record,
    infra: &Infra,
    made: &Made,
    rendering: &Rendering<'_>,
) -> Result<(), Failure> {
    let (Some(s3), Some(seed)) = (&infra.servers.s3, &project.bucket_seed) else { return Ok(()) };
    if !made.changed && record.lifecycle != Lifecycle::Launching {
        return Ok(());
    }
    let subject = scope.subject();
    let task = scope.context.events.task(subject.clone(), "fill the bucket");
    match seed {
        BucketSeed::Directory(directory) => {
            let bucket = record.agent.bucket();
            let count = Buckets::new(s3).fill(&bucket, &record.tree.join(directory)).await?;
            task.detail(format!("{count} objects"));
        }
        BucketSeed::Run(command) => {
            let command = rendering.text("bucket.seed.run", command)?;
            let spec = CommandSpec::shell(command, &record.tree, rendering.environment.all().into_iter().collect());
            let output = system::run(&spec.with_timeout(SEEDING), |line| task.output(line)).await?;
            if !output.ending.is_success() {
                let what = "`[bucket] seed`".to_owned();
                return Err(
                    Error::Command { subject, what, ending: output.ending.to_string(), output: output.tail }.into()
                );
            }
        }
    }
    task.finish();
    Ok(())
}
