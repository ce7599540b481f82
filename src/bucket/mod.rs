//! S3 buckets, one an agent: on the embedded server, on MinIO, or on any S3 that a URL names.
//!
//! ```text
//! client                the S3 client of a server's administrator: ensure, list, is it ready
//! purge                 empty a bucket of everything, then delete it
//! seed                  fill a bucket from a directory
//! archive               objects as files, for a backup
//! registry              which buckets this home made, for whom
//! owned                 the two together: nothing is made over, emptied or deleted that is not ours
//! embedded_credentials  the agents' keys on the embedded server
//! minio                 the agents' keys on a MinIO server
//! credentials           where an agent's keys are issued, by kind of server
//! ```
//!
//! Invariants: a bucket is touched only by its exact name, and only when the home's registry lists it; one of
//! our name that is not listed is foreign. No error text holds a key.

mod archive;
mod client;
mod credentials;
pub mod embedded_credentials;
mod endpoint;
mod error;
mod minio;
mod owned;
mod purge;
mod registry;
mod seed;

pub use archive::SavedObject;
pub use client::Buckets;
pub use credentials::Credentials;
pub use endpoint::{AgentEndpoint, S3Endpoint};
pub use error::{Error, Result};
pub use owned::OwnedBuckets;
pub use purge::Purged;
pub use registry::{BucketOwner, BucketRegistry};
