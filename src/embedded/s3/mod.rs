//! An S3 server for one machine: buckets in a directory, every request signed and checked.
//!
//! ```text
//! serve        listeners, health and CORS in front, then s3s: parsing, signatures, XML
//! keyring      who may do what: the root keys everything, an agent's keys its own bucket
//! service/     one file a group of operations; they translate between S3's terms and the store's
//! store/       buckets, objects and uploads on disk
//! ```
//!
//! # Why it is written here
//!
//! The crate `s3s` parses requests, checks signatures and writes XML; the files here (2,004 lines of code without
//! tests and comments, November 2026) are what it leaves to an implementation of [`s3s::S3`]. Its own
//! implementation `s3s-fs` 0.17 (2,747 lines, 15 further crates) calls itself experimental and could not be used:
//! it knows neither `ListMultipartUploads` nor `ListObjectVersions`, so that a bucket cannot be emptied as it must
//! be at a teardown; it deletes buckets that are not empty; it maps keys to paths of the same name, so that `a` and
//! `a/b` exclude each other; and it has no access rules by bucket, which isolate agents. A MinIO binary (100 MB, no
//! longer published by its makers) is the other choice, and is what the Docker engine runs.
//!
//! There are no versions: every object is the version `null`, and switching versioning on answers
//! `NotImplemented`. Policies, tags, ACLs and encryption settings answer the same.

mod front;
mod keyring;
mod serve;
mod service;
mod store;

pub use serve::{S3Options, serve};
