//! S3's operations over the store: [`Server`] implements [`s3s::S3`], each group of operations in its file.
//!
//! What may take long on a disk runs on a blocking thread; content is moved in pieces, so the memory that a
//! transfer takes does not grow with it.

mod buckets;
mod checks;
mod content;
mod copy;
mod encoding;
mod listing;
mod multipart;
mod objects;
mod operations;
mod read;
mod server;

pub(super) use server::Server;
