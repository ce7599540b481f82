//! The gateway as a whole: its thread, its connections, its end.

use std::convert::Infallible;
use std::net::TcpListener as Bound;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::certificates::configuration;
use super::client::Client;
use super::host::Domains;
use super::listen::{Ports, listen};
use super::pool::Pool;
use super::records::Names;
use super::settings::Plan;
use super::site::Site;
use crate::agent;
use crate::serve::Error;
use crate::system::{self, Home, Stop, http_accept};

/// A connection that sends no complete head for this long is closed, an idle one too.
const HEAD: Duration = Duration::from_secs(75);
/// How long TLS may take to be agreed on.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Requests of one connection at a time.
const STREAMS: u32 = 128;
/// Requests in progress have this long once the gateway should end.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How many connections there are at most: each has one to an application beside it, and `serve` needs some more.
const CONNECTIONS: u64 = 4096;
/// What the one gets that is too many.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// A gateway that runs.
pub(in crate::serve) struct Gateway {
    /// `http://localhost:8080`.
    pub(in crate::serve) url: String,
    ended: oneshot::Receiver<()>,
}

impl Gateway {
    /// Returns when its last request has ended.
    pub(in crate::serve) async fn ended(self) {
        let _ = self.ended.await;
    }
}

/// Starts the gateway of a home. `signs` come when something of the home's agents may have changed.
///
/// # Errors
/// It cannot listen, or there can be no further thread.
pub(in crate::serve) fn start(
    home: Home,
    plan: Plan,
    signs: watch::Receiver<()>,
    stop: Stop,
) -> Result<Gateway, Error> {
    // addresses in environments stay, as long as they can
    let before = agent::Gateway::read(&home)?;
    let before_tls = before.as_ref().filter(|before| before.tls).map(|before| before.port);
    let usual = [before.as_ref().map(|before| before.plain_port), Some(80), Some(8080)];
    let ports = Ports { asked: plan.port, usual, option: "--gateway-port" };
    let (plain_port, bound) = listen(plan.address, ports)?;
    let mut listeners: Vec<Listener> = bound.into_iter().map(|bound| (bound, None)).collect();
    let mut tls_port = None;
    if let Some(tls) = &plan.tls {
        let acceptor = TlsAcceptor::from(configuration(&home, tls.given.as_ref())?);
        let ports = Ports { asked: tls.port, usual: [before_tls, Some(443), Some(8443)], option: "--gateway-tls-port" };
        let (port, bound) = listen(plan.address, ports)?;
        listeners.extend(bound.into_iter().map(|bound| (bound, Some(acceptor.clone()))));
        tls_port = Some(port);
    }
    let domains = Domains::new(plan.domain.as_deref());
    let (tls, port) = (tls_port.is_some(), tls_port.unwrap_or(plain_port));
    let now = agent::Gateway { tls, port, plain_port, domain: plan.domain };
    now.write(&home)?;
    let url = now.url();
    let site = Arc::new(Site {
        via: format!("1.1 harness-{}", home.id()),
        home: home.clone(),
        domains,
        tls_port,
        routes: plan.routes,
        names: Names::default(),
        pool: Pool::default(),
        stop: stop.clone(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(system::Error::call("start the asynchronous runtime"))?;
    let (end, ended) = oneshot::channel();
    let running = move || {
        runtime.block_on(run(site, home, listeners, signs, stop));
        // a name that is looked up for ever keeps no thread
        runtime.shutdown_background();
        let _ = end.send(());
    };
    let thread = std::thread::Builder::new().name("gateway".to_owned()).spawn(running);
    thread.map_err(system::Error::call("start a thread"))?;
    Ok(Gateway { url, ended })
}

/// A place to listen at, and what TLS is accepted with there.
type Listener = (Bound, Option<TlsAcceptor>);

async fn run(site: Arc<Site>, home: Home, listeners: Vec<Listener>, signs: watch::Receiver<()>, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(places()));
    let mut listening = JoinSet::new();
    for (bound, tls) in listeners {
        let Ok(listener) = TcpListener::from_std(bound) else { continue };
        listening.spawn(accept(Arc::clone(&site), listener, tls, Arc::clone(&places), stop.clone()));
    }
    let follow = site.names.follow(home, signs);
    let sweep = async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            site.pool.sweep();
        }
    };
    tokio::select! {
        () = follow => {}
        () = sweep => {}
        () = stop.asked() => {}
    }
    listening.join_all().await;
}

/// A quarter of the descriptors that there may be.
fn places() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    usize::try_from((limit.unwrap_or(u64::MAX) / 4).clamp(16, CONNECTIONS)).unwrap_or(16)
}

async fn accept(
    site: Arc<Site>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    mut stop: Stop,
) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stop.asked() => break,
            stream = http_accept(&listener) => stream,
            Some(_) = connections.join_next() => continue,
        };
        let (Ok(address), Ok(here)) = (stream.peer_addr(), stream.local_addr()) else { continue };
        let Ok(permit) = Arc::clone(&places).try_acquire_owned() else {
            let _ = if tls.is_none() { stream.try_write(FULL) } else { Ok(0) };
            continue;
        };
        let client = Client { address, here, tls: tls.is_some(), permit: Arc::new(permit) };
        let (site, tls, stop) = (Arc::clone(&site), tls.clone(), stop.clone());
        connections.spawn(async move {
            let Some(tls) = tls else { return serve(site, client, stream, false, stop).await };
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await else { return };
            let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            serve(site, client, stream, two, stop).await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_REQUESTS, connections.join_all()).await;
}

/// Serves one connection. `two`: by HTTP/2, as was agreed with TLS.
async fn serve<S>(site: Arc<Site>, client: Client, stream: S, two: bool, mut stop: Stop)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut builder = if two { builder.http2_only() } else { builder.http1_only() };
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD).max_concurrent_streams(STREAMS);
    let service = service_fn(move |request| {
        let (site, client) = (Arc::clone(&site), client.clone());
        async move { Ok::<_, Infallible>(answer(site, client, request).await) }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.asked() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
