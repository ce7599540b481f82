//! One request, passed on.

use http_body_util::{Either, Empty};
use hyper::body::{Body, Incoming};
use hyper::header::UPGRADE;
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::client::Client;
use super::headers;
use super::host::Host;
use super::pool::{Fault, Pool, Upstream};
use super::site::Site;
use crate::system::Stop;

/// Passes a request on; returns the answer, whose body is still to come.
///
/// # Errors
/// There is none.
pub(super) async fn forward(
    site: &Site,
    client: &Client,
    host: &Host,
    to: &Upstream,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Fault> {
    let protocol = headers::upgrade(request.version(), request.headers());
    let tunnel = protocol.as_ref().map(|_| upgrade::on(&mut request));
    let (mut head, body) = request.into_parts();
    headers::end_hop(&mut head.headers);
    headers::introduce(&mut head.headers, client, host, &site.via);
    // what the server has left there is of the client's connection
    head.extensions.clear();
    head.version = Version::HTTP_11;
    head.uri = relative(&head.uri);
    let body = if body.is_end_stream() { Either::Right(Empty::new()) } else { Either::Left(body) };
    let Some((protocol, tunnel)) = protocol.zip(tunnel) else {
        let mut answer = site.pool.send(to, Request::from_parts(head, body)).await?;
        headers::end_hop(answer.headers_mut());
        return Ok(answer);
    };
    headers::set_upgrade(&mut head.headers, protocol);
    let mut answer = Pool::send_alone(to, Request::from_parts(head, body)).await?;
    let accepted = answer.headers().get(UPGRADE).cloned();
    headers::end_hop(answer.headers_mut());
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let beyond = upgrade::on(&mut answer);
        tokio::spawn(join(tunnel, beyond, client.clone(), site.stop.clone()));
        if let Some(protocol) = accepted {
            headers::set_upgrade(answer.headers_mut(), protocol);
        }
    }
    Ok(answer)
}

/// Path and query alone, as a server wants them.
fn relative(uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    path.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

/// Carries bytes between the two ends of what was a request, until one closes or the gateway ends.
async fn join(near: OnUpgrade, far: OnUpgrade, client: Client, mut stop: Stop) {
    let Ok((near, far)) = tokio::try_join!(near, far) else { return };
    let (mut near, mut far) = (TokioIo::new(near), TokioIo::new(far));
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        () = stop.asked() => {}
    }
    drop(client.permit);
}
