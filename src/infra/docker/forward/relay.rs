//! Listens where an application is to be reached, and passes bytes on.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::sockets;

/// Between two looks at who listens where.
const PERIOD: Duration = Duration::from_millis(200);

/// A port that is forwarded.
struct Open {
    target: IpAddr,
    task: JoinHandle<()>,
}

/// Forwards `ports` of `address` without end.
pub(super) async fn run(address: IpAddr, ports: &[u16]) {
    let mut open: BTreeMap<u16, Open> = BTreeMap::new();
    let mut clock = interval(PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let listening = sockets::listening();
        for port in ports {
            let addresses = listening.get(port).map_or(&[][..], Vec::as_slice);
            let target = sockets::target(addresses, address);
            if open.get(port).map(|open| open.target) == target {
                continue;
            }
            if let Some(old) = open.remove(port) {
                // connections that are open already stay open
                old.task.abort();
                let _ = old.task.await;
            }
            // an address that is gone for the moment, or a port that another process takes: the next look tries again
            if let Some(target) = target
                && let Ok(listener) = TcpListener::bind((address, *port)).await
            {
                let task = tokio::spawn(accept(listener, SocketAddr::new(target, *port)));
                open.insert(*port, Open { target, task });
            }
        }
    }
}

/// Passes every connection on to `target`, without end.
pub(in crate::infra::docker) async fn accept(listener: TcpListener, target: SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(pass_on(stream, target));
            }
            // out of descriptors for the moment
            Err(_) => tokio::time::sleep(PERIOD).await,
        }
    }
}

async fn pass_on(mut stream: TcpStream, target: SocketAddr) {
    if let Ok(mut application) = TcpStream::connect(target).await {
        let _ = stream.set_nodelay(true);
        let _ = application.set_nodelay(true);
        // either side may end it at any time, which is no error
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut application).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn answers(address: &str, port: u16) -> bool {
        let Ok(mut stream) = TcpStream::connect((address, port)).await else { return false };
        let mut text = String::new();
        stream.read_to_string(&mut text).await.is_ok() && text == "hello"
    }

    async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !condition().await {
            assert!(tokio::time::Instant::now() < deadline, "waited for {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// 127.0.0.2 stands for the address on the containers' network.
    #[tokio::test]
    async fn an_application_on_loopback_is_reached_and_can_always_come_back() {
        let serve = |listener: TcpListener| {
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let _ = stream.write_all(b"hello").await;
                }
            })
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let application = serve(listener);
        let forwarder = tokio::spawn(async move { run("127.0.0.2".parse().unwrap(), &[port]).await });
        until("the way", async || answers("127.0.0.2", port).await).await;
        application.abort();
        let _ = application.await;
        // the application comes back on every address, which it could not if the forwarder still listened
        until("the port", async || !answers("127.0.0.2", port).await).await;
        until("every address", async || TcpListener::bind(("0.0.0.0", port)).await.map(serve).is_ok()).await;
        forwarder.abort();
    }
}
