//! What a parked stack needs: the ports of its processes are listened on, and the first connection wakes it.
//!
//! The listeners close before the processes start, because most programs refuse to share a port. Connections that came
//! before are kept, and passed through to the process once that is ready: no byte of theirs is read before. One that
//! comes while the processes start finds nobody, as at any start. Programs that bind their port without `SO_REUSEADDR`
//! cannot do so while such a connection waits; all usual runtimes set it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::{FutureExt, select_all};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::supervisor::own_log::say;
use crate::supervisor::snapshot::{Phase, ProcessSnapshot};

/// The ports of a parked stack, and who waits for its processes.
#[derive(Default)]
pub(super) struct Parking {
    /// What is listened on; the listeners may be fewer, where a stranger has a port.
    ports: Vec<u16>,
    listeners: Vec<(u16, TcpListener)>,
    waiting: Vec<(u16, TcpStream)>,
}

impl Parking {
    /// The next connection to one of the ports.
    pub(super) async fn visitor(&self) -> (u16, TcpStream) {
        loop {
            if self.listeners.is_empty() {
                std::future::pending::<()>().await;
            }
            let next = self.listeners.iter().map(|(port, listener)| {
                let port = *port;
                listener.accept().map(move |accepted| (port, accepted)).boxed_local()
            });
            match select_all(next).await.0 {
                (port, Ok((stream, _))) => return (port, stream),
                // out of descriptors: some will be closed
                (_, Err(_)) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Frees the ports; whoever has connected already is kept.
    pub(super) fn close(&mut self) {
        for (port, listener) in self.listeners.drain(..) {
            while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
                self.waiting.push((port, stream));
            }
        }
        self.ports.clear();
    }

    /// Listens on these ports and no others.
    pub(super) fn listen_on(&mut self, ports: Vec<u16>) {
        if self.ports == ports {
            return;
        }
        self.close();
        for port in &ports {
            for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), (Ipv6Addr::LOCALHOST, *port).into()] {
                match listen(address) {
                    Ok(listener) => self.listeners.push((*port, listener)),
                    // a machine without IPv6
                    Err(_) if address.is_ipv6() => {}
                    Err(error) => say("supervisor", &format!("nothing wakes this stack on {address}: {error}")),
                }
            }
        }
        self.ports = ports;
    }

    /// Keeps a connection until the process on its port is ready.
    pub(super) fn keep(&mut self, port: u16, stream: TcpStream) {
        self.waiting.push((port, stream));
    }

    /// Whether a connection is kept.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Passes on who waits for a process that is ready; who waits for one that will not be is let go.
    pub(super) fn admit(&mut self, process_on: impl Fn(u16) -> Option<ProcessSnapshot>) {
        for (port, stream) in std::mem::take(&mut self.waiting) {
            match process_on(port).map(|process| process.phase) {
                Some(Phase::Ready | Phase::Unhealthy) => drop(spawn_local(pass_through(port, stream))),
                Some(Phase::Waiting | Phase::Starting | Phase::PortNotBound | Phase::Stopping | Phase::Backoff) => {
                    self.waiting.push((port, stream));
                }
                _ => {}
            }
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Connects a visitor with the process that listens on `port` by now.
async fn pass_through(port: u16, mut visitor: TcpStream) {
    match TcpStream::connect(("localhost", port)).await {
        Ok(mut process) => drop(tokio::io::copy_bidirectional(&mut visitor, &mut process).await),
        Err(error) => say("supervisor", &format!("cannot pass a connection on to port {port}: {error}")),
    }
}
