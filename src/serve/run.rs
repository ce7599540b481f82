//! The server as a whole: from the lock of the home to the last request.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::counted::Counted;
use super::failures::Failures;
use super::gateway::{self, GatewayOptions};
use super::keys::Keys;
use super::links::Links;
use super::notify;
use super::place::Place;
use super::refusal::Refusal;
use super::router::router;
use super::settings::Settings;
use super::site::Site;
use super::store::{Store, jobs, queue, worker_keys};
use super::surroundings::surroundings;
use super::watch;
use super::workers::Workers;
use super::working::Working;
use super::{Error, expiry, sources};
use crate::agent;
use crate::report::Failure;
use crate::system::{self, Home, HttpLimits, Stop, http_serve, port_holder, raise_open_files};

/// Requests and jobs in progress have this long once the server should end; what is above it is for the rest.
const LAST_REQUESTS: Duration = Duration::from_secs(25);

/// The port unless another is chosen.
const PORT: u16 = 3333;
/// Connections at a time.
const CONNECTIONS: usize = 2048;
/// A connection that says nothing for so long is closed.
const HEAD: Duration = Duration::from_secs(15);

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address, where it differs from the settings.
    pub address: Option<IpAddr>,
    /// The ports, where they differ from the settings; links name the first.
    pub ports: Vec<u16>,
    /// The gateway, where it differs from the settings.
    pub gateway: GatewayOptions,
}

impl Options {
    /// They as words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.ports.iter().flat_map(|port| ["--port".to_owned(), port.to_string()]).collect();
        words.extend(self.address.map(|address| format!("--address={address}")));
        words.extend(self.gateway.on.then(|| "--gateway".to_owned()));
        words.extend(self.gateway.port.map(|port| format!("--gateway-port={port}")));
        words.extend(self.gateway.tls.then(|| "--gateway-tls".to_owned()));
        words.extend(self.gateway.tls_port.map(|port| format!("--gateway-tls-port={port}")));
        words
    }

    /// Where to listen.
    pub(super) fn addresses(&self, settings: &Settings) -> Vec<SocketAddr> {
        let address = self.address.or(settings.address).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let chosen = [&self.ports, &settings.ports].into_iter().find(|ports| !ports.is_empty());
        let ports = chosen.map_or(&[PORT][..], Vec::as_slice);
        ports.iter().map(|port| SocketAddr::new(address, *port)).collect()
    }
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
    let targets = settings.notify.targets(&environment).map_err(|reason| place.wrong_settings(reason))?;
    let github = settings.github.resolve(&environment).map_err(|reason| place.wrong_settings(reason))?;
    let work_items = settings.plane.resolve(&environment).map_err(|reason| place.wrong_settings(reason))?;
    let database = settings.database.resolve(&environment).map_err(|reason| place.wrong_settings(reason))?;
    let plan = settings.gateway.plan(&options.gateway).map_err(|reason| place.wrong_settings(reason))?;
    let listeners = listen(&options.addresses(&settings)).await?;
    let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let keys = Keys::new(&place.token_to_make()?).ok_or_else(no_randomness)?;
    let store = Store::open(&place.database(&environment), database).await?;
    store.change_here(jobs::interrupt_all).await?;
    store.change(queue::prolong_all).await.map_err(Refusal::from).map_err(Refusal::into_failure)?;
    let workers = Workers::new(store.read(worker_keys::all).await?);
    let (signs, seen) = tokio::sync::watch::channel(());
    if plan.is_none() {
        agent::Gateway::remove(&home)?;
    }
    let gateway = plan.map(|plan| gateway::start(home.clone(), plan, seen, stop.clone())).transpose()?;
    let picture = watch::Picture::default();
    watch::start(home.clone(), store.clone(), picture.clone(), signs, stop.clone())?;
    place.listens(addresses.clone())?;
    let environment = surroundings(&environment);
    let site = Arc::new(Site {
        home,
        environment,
        addresses,
        settings,
        github,
        keys,
        links: Links::default(),
        failures: Failures::default(),
        store: store.clone(),
        picture,
        counted: Arc::new(Counted::default()),
        working: Working::default(),
        workers,
        queue: store.queue(),
        stop: stop.clone(),
    });
    tokio::spawn(expiry::watch(Arc::clone(&site)));
    notify::start(&site, targets).await?;
    sources::github::start(&site, &site.github)?;
    sources::plane::start(&site, &work_items)?;
    let limits = limits();
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
    let counting = site.counted.follow(&site.store, stop.clone());
    tokio::join!(http_serve(listeners, service, stop, limits), jobs, gateway, counting);
    Ok(())
}

/// As many connections as there may be files, with some left for everything else.
fn limits() -> HttpLimits {
    let files = raise_open_files(CONNECTIONS as u64 * 2);
    let connections = usize::try_from(files / 2).map_or(CONNECTIONS, |most| most.clamp(16, CONNECTIONS));
    HttpLimits { connections, head: HEAD, last_requests: LAST_REQUESTS }
}

pub(super) async fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Error> {
    let mut listeners = Vec::new();
    for address in addresses.iter().copied() {
        let taken = || Error::PortTaken { address, holder: port_holder(address.port()), option: "--port" };
        listeners.push(TcpListener::bind(address).await.map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => taken(),
            _ => Error::Listen { address, source },
        })?);
    }
    Ok(listeners)
}

fn no_randomness() -> system::Error {
    system::Error::call("read random bytes")(std::io::Error::other("the operating system has none"))
}
