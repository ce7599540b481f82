//! An operating-system failure as a client sees it, and as the log keeps it.

use std::error::Error;
use std::path::Path;

use s3s::{S3Error, S3ErrorCode};

use crate::embedded::log;
use crate::system;

/// Any failure that is not the client's: it gets `InternalError` without paths, the log gets everything.
pub(crate) fn internal(error: impl Error + Send + Sync + 'static) -> S3Error {
    log::error(&error);
    S3Error::with_message(S3ErrorCode::InternalError, "the server could not do this; its log says why")
}

/// Wraps an I/O error of a path.
pub(crate) fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> S3Error {
    let wrap = system::Error::file(action, path);
    move |source| internal(wrap(source))
}
