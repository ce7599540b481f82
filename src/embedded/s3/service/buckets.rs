//! Buckets: list, create, head, delete, location, versioning.

use s3s::dto::{
    Bucket, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput,
    ListBucketsInput, ListBucketsOutput, Owner,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Server;
use super::server::blocking;
use crate::embedded::s3::store::Meta;

/// The one region there is. S3 writes it as an absent location constraint.
const REGION: &str = "us-east-1";

#[expect(clippy::unused_async, reason = "the table of operations awaits every one")]
impl Server {
    /// Every bucket within the caller's reach.
    pub(super) async fn list_buckets(&self, request: S3Request<ListBucketsInput>) -> S3Result<ListBucketsOutput> {
        let reach = self.reach(request.credentials.as_ref())?;
        let prefix = request.input.prefix.clone().unwrap_or_default();
        let buckets = self.store.list().into_iter().filter(|(name, _)| reach.covers(name) && name.starts_with(&prefix));
        let buckets = buckets.map(|(name, created)| Bucket {
            name: Some(name),
            creation_date: Some(Meta::timestamp(created)),
            ..Bucket::default()
        });
        let owner = Owner { id: Some("harness".into()), display_name: Some("harness".into()) };
        Ok(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            owner: Some(owner),
            prefix: request.input.prefix,
            ..ListBucketsOutput::default()
        })
    }

    pub(super) async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> S3Result<CreateBucketOutput> {
        let (store, name) = (self.store.clone(), request.input.bucket);
        blocking(move || {
            store.create(&name)?;
            Ok(CreateBucketOutput { location: Some(format!("/{name}")) })
        })
        .await
    }

    pub(super) async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<HeadBucketOutput> {
        self.exists(&request.input.bucket)?;
        Ok(HeadBucketOutput { bucket_region: Some(REGION.to_owned()), ..HeadBucketOutput::default() })
    }

    pub(super) async fn delete_bucket(&self, request: S3Request<DeleteBucketInput>) -> S3Result<DeleteBucketOutput> {
        let name = request.input.bucket;
        self.bucket(&name).await?;
        let store = self.store.clone();
        blocking(move || store.delete(&name)).await?;
        Ok(DeleteBucketOutput {})
    }

    pub(super) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<GetBucketLocationOutput> {
        self.exists(&request.input.bucket)?;
        Ok(GetBucketLocationOutput::default())
    }

    /// Never versioned, which is an empty answer.
    pub(super) async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<GetBucketVersioningOutput> {
        self.exists(&request.input.bucket)?;
        Ok(GetBucketVersioningOutput::default())
    }

    fn exists(&self, name: &str) -> S3Result<()> {
        self.store.bucket(name).map(|_| ()).ok_or_else(|| s3_error!(NoSuchBucket, "the bucket does not exist"))
    }
}
