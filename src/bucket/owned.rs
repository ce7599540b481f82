//! Buckets that this home answers for: the registry decides what may be touched, the client does it.

use super::{BucketOwner, BucketRegistry, Buckets, Error, Purged, Result, S3Endpoint};
use crate::system::Home;

/// The buckets of a home on one server.
#[derive(Debug, Clone)]
pub struct OwnedBuckets {
    buckets: Buckets,
    registry: BucketRegistry,
    /// What the registry calls the server.
    server: String,
}

impl OwnedBuckets {
    /// The home's buckets on this server.
    pub fn new(home: &Home, endpoint: &S3Endpoint) -> Self {
        let server = endpoint.server().to_owned();
        Self { buckets: Buckets::new(endpoint), registry: BucketRegistry::of(home), server }
    }

    /// The client, for what asks no ownership.
    pub fn client(&self) -> &Buckets {
        &self.buckets
    }

    /// Makes an agent's bucket unless it exists; says whether it made it.
    ///
    /// # Errors
    /// [`Error::Foreign`] when a bucket of this name exists that this home did not make; [`Error::Taken`]
    /// when it is another agent's or project's.
    pub async fn ensure(&self, bucket: &str, agent: u8, project: &str) -> Result<bool> {
        self.ensure_owned(bucket, Some(agent), Some(project)).await
    }

    /// Makes a bucket that all agents share unless it exists; says whether it made it.
    pub async fn ensure_shared(&self, bucket: &str) -> Result<bool> {
        self.ensure_owned(bucket, None, None).await
    }

    async fn ensure_owned(&self, bucket: &str, agent: Option<u8>, project: Option<&str>) -> Result<bool> {
        let wanted = BucketOwner { server: self.server.clone(), agent, project: project.map(ToOwned::to_owned) };
        match self.registry.owner(&wanted.server, bucket)? {
            Some(owner) if owner == wanted => return self.buckets.ensure(bucket).await,
            Some(owner) => {
                let (agent, project) = (owner.agent.unwrap_or_default(), owner.project.unwrap_or_default());
                return Err(Error::Taken { bucket: bucket.to_owned(), agent, project });
            }
            None => {}
        }
        if self.buckets.exists(bucket).await? {
            return Err(Error::Foreign { bucket: bucket.to_owned() });
        }
        self.registry.add(bucket, &wanted)?;
        let made = self.buckets.ensure(bucket).await?;
        if !made {
            // made by another program since the check
            self.registry.remove(&wanted.server, bucket)?;
            return Err(Error::Foreign { bucket: bucket.to_owned() });
        }
        Ok(true)
    }

    /// Empties and deletes a bucket of this home. That there is none is no error.
    ///
    /// # Errors
    /// [`Error::Foreign`] when a bucket of this name exists that this home did not make: it is not touched.
    pub async fn delete(&self, bucket: &str) -> Result<Purged> {
        if self.registry.owner(&self.server, bucket)?.is_none() {
            if self.buckets.exists(bucket).await? {
                return Err(Error::Foreign { bucket: bucket.to_owned() });
            }
            return Ok(Purged::default());
        }
        let purged = self.buckets.purge_and_delete(bucket).await?;
        self.registry.remove(&self.server, bucket)?;
        Ok(purged)
    }

    /// This home's buckets on this server with their owners, by name; some may not exist (yet, or any more).
    pub fn list(&self) -> Result<Vec<(String, BucketOwner)>> {
        let mut buckets = self.registry.list()?;
        buckets.retain(|(_, owner)| owner.server == self.server);
        Ok(buckets)
    }
}
