//! Buckets, objects and uploads on disk.
//!
//! ```text
//! <data>/lock                            one server at a time
//! <data>/buckets/<bucket>/bucket.json    when it was made
//! <data>/buckets/<bucket>/objects/<h>    an object: its bytes, then its attributes (h = SHA-256 of the key)
//! <data>/buckets/<bucket>/uploads/<id>/  upload.json and one file a part
//! <data>/buckets/<bucket>/incoming/      what is being written
//! ```
//!
//! A key never becomes part of a path, so `a`, `a/b`, `../x` and keys of 1,024 bytes are all the same to it.
//! Bytes and attributes share one file: one rename replaces an object, and a reader that has opened it never
//! sees the bytes of one version with the attributes of another. The keys of a bucket are read once and then
//! kept in memory, since no other process writes here; listings come from there, in order.
//!
//! Nothing is synced to the disk: killing the server loses nothing, a crash of the machine may lose what was
//! written in the seconds before. A file that is cut short is then recognised by its missing end and left out.
//!
//! All of this blocks; callers hand what may take long to a blocking thread.

mod attributes;
mod bucket;
mod buckets;
mod condition;
mod failure;
mod hashes;
mod incoming;
mod listing;
mod object_file;
mod uploads;

pub(super) use attributes::Attributes;
pub(super) use bucket::{Bucket, Entry};
pub(super) use buckets::Store;
pub(super) use condition::Condition;
pub(super) use failure::{internal, io};
pub(super) use hashes::{Hashes, Sums};
pub(super) use incoming::{Incoming, Received};
pub(super) use listing::{Item, Query, list};
pub(super) use object_file::{Meta, read_meta};
pub(super) use uploads::{Part, Upload};
