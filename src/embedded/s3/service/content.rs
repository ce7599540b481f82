//! Content in and out in pieces of bounded size.

use std::fs::File;
use std::os::unix::fs::FileExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hyper::HeaderMap;
use s3s::dto::StreamingBlob;
use s3s::{Body, S3Error, S3Result, TrailingHeaders, s3_error};

use super::server::blocking;
use crate::embedded::s3::store::{Bucket, Hashes, Received, Sums, io};

/// Content moves in pieces of this size, each one hop to a blocking thread.
const PIECE: usize = 256 * 1024;

/// Takes a request's body into a temporary file of the bucket and checks it against what the request says
/// of it: length, MD5, checksums in headers and in the trailer.
pub(super) async fn receive(
    bucket: &Bucket,
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    trailer: Option<TrailingHeaders>,
    content_md5: Option<&str>,
) -> S3Result<Received> {
    let mut incoming = bucket.receive(Hashes::for_request(headers))?;
    let mut pending = Vec::new();
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(broken_body)?;
            if pending.is_empty() && pending.capacity() == 0 {
                pending.reserve(chunk.len().min(PIECE));
            }
            pending.extend_from_slice(&chunk);
            if pending.len() >= PIECE {
                (incoming, pending) = blocking(move || {
                    incoming.write(&pending).map_err(io("write", "incoming"))?;
                    pending.clear();
                    Ok((incoming, pending))
                })
                .await?;
            }
        }
    }
    // the last piece, and so most objects as a whole, is not worth a hop
    incoming.write(&pending).map_err(io("write", "incoming"))?;
    let received = incoming.finish();
    received.sums.verify(&Sums::of_headers(headers))?;
    if let Some(trailer) = trailer.and_then(|trailer| trailer.take()) {
        received.sums.verify(&Sums::of_headers(&trailer))?;
    }
    if content_md5.is_some_and(|expected| expected != STANDARD.encode(received.md5)) {
        return Err(s3_error!(BadDigest, "Content-MD5 does not match what was received"));
    }
    Ok(received)
}

/// What s3s found wrong with a body keeps its code (a bad chunk signature, say); a client that went away has
/// no use for one.
fn broken_body(error: s3s::StdError) -> S3Error {
    match error.downcast::<S3Error>() {
        Ok(error) => *error,
        Err(error) => S3Error::with_source(s3s::S3ErrorCode::IncompleteBody, error),
    }
}

/// `length` bytes of `file` from `start` on.
pub(super) fn send(file: File, start: u64, length: u64) -> S3Result<StreamingBlob> {
    if length <= PIECE as u64 {
        let piece = read_piece(&file, start, length)?;
        return Ok(StreamingBlob::from(Body::from(piece)));
    }
    let pieces = stream::try_unfold((file, start, length), |(file, start, length)| async move {
        if length == 0 {
            return Ok(None);
        }
        let (file, piece) = blocking(move || {
            let piece = read_piece(&file, start, length)?;
            Ok((file, piece))
        })
        .await?;
        let read = piece.len() as u64;
        Ok::<_, S3Error>(Some((piece, (file, start + read, length - read))))
    });
    Ok(StreamingBlob::wrap(pieces))
}

fn read_piece(file: &File, start: u64, length: u64) -> S3Result<Bytes> {
    let size = usize::try_from(length).map_or(PIECE, |length| length.min(PIECE));
    let mut piece = vec![0; size];
    file.read_exact_at(&mut piece, start).map_err(io("read", "object"))?;
    Ok(Bytes::from(piece))
}
