//! The bucket and its key. The home's registry records the owner.

use super::owner::{Found, NO_SERVER, Owner};
use crate::bucket::{BucketRegistry, OwnedBuckets};
use crate::report::{Failure, Removed, RemovedKind};

pub(super) fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let name = owner.agent.bucket();
    let Some(s3) = owner.infra.and_then(|infra| infra.servers.s3.as_ref()) else {
        let registered = BucketRegistry::of(&owner.context.home).list()?;
        let is_registered = registered.iter().any(|(bucket, _)| *bucket == name);
        let unreachable = if owner.force || !is_registered { Vec::new() } else { recorded(owner, NO_SERVER) };
        return Ok(Found { unreachable, ..Found::default() });
    };
    let buckets = OwnedBuckets::new(&owner.context.home, s3).list()?;
    let is_ours = buckets.iter().any(|(bucket, of)| *bucket == name && of.agent == Some(owner.agent.get()));
    Ok(Found::own(if is_ours { vec![Removed::new(RemovedKind::Bucket, name)] } else { Vec::new() }))
}

pub(super) fn recorded(owner: &Owner<'_>, why: &str) -> Vec<Removed> {
    let has = owner.record.is_some_and(|record| record.used_servers && record.bucket_secret.is_some());
    if has { vec![Removed::with(RemovedKind::Bucket, owner.agent.bucket(), why)] } else { Vec::new() }
}

pub(super) async fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    let Some((infra, s3)) = owner.infra.and_then(|infra| Some((infra, infra.servers.s3.as_ref()?))) else {
        return Ok(());
    };
    let name = owner.agent.bucket();
    infra.s3_credentials(&owner.context.home, s3).revoke(&name).await?;
    OwnedBuckets::new(&owner.context.home, s3).delete(&name).await?;
    Ok(())
}
