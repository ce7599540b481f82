//! An S3 server for one machine: buckets in a directory, every request signed and checked.
//!
//! ```text
//! serve        listeners, health and CORS in front, then s3s: parsing, signatures, XML
//! keyring      who may do what: the root keys everything, an agent's keys its own bucket
//! service/     one file a group of operations; they translate between S3's terms and the store's
//! store/       buckets, objects and uploads on disk
//! ```
//!
//! It implements [`s3s::S3`] itself: `s3s-fs` knows neither `ListMultipartUploads` nor `ListObjectVersions`,
//! deletes buckets that are not empty, and maps keys to paths of the same name, so that `a` and `a/b` collide.
//!
//! There are no versions: every object is the version `null`, and switching versioning on answers
//! `NotImplemented`. Policies, tags, ACLs and encryption settings answer the same.

mod front;
mod keyring;
mod serve;
mod service;
mod store;

pub use serve::{S3Options, serve};
