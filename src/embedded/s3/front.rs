//! What stands before the signed part: health, and leave for browsers to come from any page.
//!
//! The paths and the open CORS answers are those of MinIO, so that a probe or a page that works there works
//! here. CORS weakens nothing: a request without a valid signature is refused whatever page it comes from. For the
//! same reason `Host` is not checked, as it is for mail: a page whose name resolves to this machine has no keys,
//! and applications may reach S3 under any name that their own configuration gives it.

use std::convert::Infallible;

use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode};
use s3s::Body;
use s3s::service::S3Service;

use crate::embedded::log;
use crate::system::with_causes;

const EXPOSED: &str = "ETag, Location, Content-Range, Accept-Ranges, Last-Modified, x-amz-version-id, \
                       x-amz-request-id, x-amz-mp-parts-count, x-amz-checksum-crc32, x-amz-checksum-crc32c, \
                       x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256";

/// The whole server as HTTP sees it.
#[derive(Clone)]
pub(super) struct Front(pub(super) S3Service);

impl Service<Request<Incoming>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let service = self.0.clone();
        Box::pin(async move {
            let origin = request.headers().get(header::ORIGIN).cloned();
            let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
            let preflight = request.method() == Method::OPTIONS && origin.is_some();
            let mut response = if preflight || is_health(&request) {
                empty(StatusCode::OK)
            } else {
                service.call(request.map(Body::from)).await.unwrap_or_else(|error| {
                    log::line(&format!(
                        "error: {}",
                        with_causes(&*Box::<dyn std::error::Error + Send + Sync>::from(error))
                    ));
                    empty(StatusCode::INTERNAL_SERVER_ERROR)
                })
            };
            if let Some(origin) = origin {
                allow(response.headers_mut(), origin, asked);
            }
            Ok(response)
        })
    }
}

fn is_health(request: &Request<Incoming>) -> bool {
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    reads && matches!(request.uri().path(), "/minio/health/live" | "/minio/health/ready" | "/minio/health/cluster")
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, asked: Option<HeaderValue>) {
    let fixed = |name: HeaderName, text: &'static str| (name, HeaderValue::from_static(text));
    headers.extend([
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        fixed(header::VARY, "Origin"),
        fixed(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT, HEAD, POST, DELETE"),
        fixed(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        fixed(header::ACCESS_CONTROL_MAX_AGE, "3600"),
    ]);
    if let Some(asked) = asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
}
