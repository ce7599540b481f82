//! The server as a whole: from the lock of the home to the last request.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::Error;
use super::failures::Failures;
use super::gateway::{self, GatewayOptions};
use super::keys::Keys;
use super::links::Links;
use super::place::Place;
use super::router::router;
use super::settings::Settings;
use super::site::Site;
use super::store::{Store, jobs};
use super::watch;
use super::working::Working;
use crate::agent;
use crate::report::Failure;
use crate::system::{self, Home, Stop, http_serve, port_holder};

/// Requests and jobs in progress have this long once the server should end; what is above it is for the rest.
const LAST_REQUESTS: Duration = Duration::from_secs(25);

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address.
    pub address: IpAddr,
    /// The ports, one at least; links name the first.
    pub ports: Vec<u16>,
    /// The gateway, where it differs from the settings.
    pub gateway: GatewayOptions,
}

/// Serves a home until SIGTERM or SIGINT. `listening` is told the addresses of the server and of its gateway
/// once requests are answered.
///
/// # Errors
/// Another server of this home runs, a port is taken, the settings or the database are wrong.
pub async fn run(
    home: Home,
    environment: BTreeMap<String, String>,
    options: &Options,
    listening: impl FnOnce(&str, Option<&str>),
) -> Result<(), Failure> {
    let place = Place::of(&home);
    place.create()?;
    let _lock = place.lock()?;
    let stop = Stop::on_signal()?;
    let settings = Settings::read(&place.settings())?;
    let wrong = |reason| Error::Settings { path: place.settings(), reason };
    let plan = settings.gateway.plan(&options.gateway).map_err(wrong)?;
    let listeners = listen(options).await?;
    let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let keys = Keys::new(&place.token_to_make()?).ok_or_else(no_randomness)?;
    let store = Store::open(&place.database(&environment))?;
    store.change(jobs::interrupt_all).await?;
    let (signs, seen) = tokio::sync::watch::channel(());
    if plan.is_none() {
        agent::Gateway::remove(&home)?;
    }
    let gateway = plan.map(|plan| gateway::start(home.clone(), plan, seen, stop.clone())).transpose()?;
    watch::start(home.clone(), store.clone(), signs, stop.clone())?;
    place.listens(addresses.clone())?;
    let site = Arc::new(Site {
        home,
        environment,
        addresses,
        settings,
        keys,
        links: Links::default(),
        failures: Failures::default(),
        store,
        working: Working::default(),
        stop: stop.clone(),
    });
    listening(&site.url(), gateway.as_ref().map(|gateway| gateway.url.as_str()));
    let service = TowerToHyperService::new(router(Arc::clone(&site)));
    let mut ending = stop.clone();
    let jobs = async {
        ending.asked().await;
        // they are asked by the same signal
        let _ = tokio::time::timeout(LAST_REQUESTS, site.working.finished()).await;
    };
    let gateway = async {
        if let Some(gateway) = gateway {
            gateway.ended().await;
        }
    };
    tokio::join!(http_serve(listeners, service, stop, LAST_REQUESTS), jobs, gateway);
    Ok(())
}

async fn listen(options: &Options) -> Result<Vec<TcpListener>, Error> {
    let mut listeners = Vec::new();
    for port in &options.ports {
        let address = SocketAddr::new(options.address, *port);
        listeners.push(TcpListener::bind(address).await.map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => Error::PortTaken { address, holder: port_holder(*port), option: "--port" },
            _ => Error::Listen { address, source },
        })?);
    }
    Ok(listeners)
}

fn no_randomness() -> system::Error {
    system::Error::call("read random bytes")(std::io::Error::other("the operating system has none"))
}
