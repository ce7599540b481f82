//! `[stores]`: each server becomes a process of the stack, before those of the application.

use std::time::Duration;

use super::super::document::KeyPath;
use super::super::model::{Container, Probe, ProbeCheck, Process, Store, StoreKind, StoreStep, Template};
use super::super::raw;
use super::processes;
use super::resolver::Resolver;

/// A step of a store's template may take this long.
const STEP_TIMEOUT: Duration = Duration::from_mins(10);
/// A server of a store may take so many seconds to write what it has.
const STOP_SECONDS: f64 = 60.0;
/// What of it a server in a container has; the rest is the engine's.
const STOP_PART: f64 = 0.9;

/// The port bases of stores that `[ports]` does not name.
pub(super) fn ports(
    resolver: &mut Resolver<'_>,
    raw: &raw::Ordered<raw::Store>,
    known: &[(String, u16)],
) -> Vec<(String, u16)> {
    let mut ports = Vec::new();
    for (name, store) in raw.0.iter().filter(|(_, store)| kind(store).has_server()) {
        let path = KeyPath::of("stores").key(name);
        let named = known.iter().any(|(port, _)| port == name);
        match store.port.or_else(|| kind(store).port_base()) {
            Some(_) if named && store.port.is_some() => {
                let hint = format!("remove `{path}.port` or `ports.{name}`");
                resolver.report_with(&path.key("port"), format!("`ports.{name}` gives the port already"), hint);
            }
            _ if named => {}
            Some(base) => ports.push((name.clone(), base)),
            None => {
                let hint = "give it a base: agent n gets base + 10 n";
                resolver.report_with(&path, format!("missing key `{path}.port`"), hint);
            }
        }
    }
    ports
}

/// The stores, and their servers as processes, in file order.
#[derive(Default)]
pub(super) struct Stores {
    pub(super) stores: Vec<(String, Store)>,
    pub(super) servers: Vec<(String, Process)>,
}

/// The stores, and their servers as processes. `ports` are those of the project's root, which this is unless `in_tree`.
pub(super) fn stores(
    resolver: &mut Resolver<'_>,
    raw: &raw::Ordered<raw::Store>,
    ports: &[(String, u16)],
    in_tree: bool,
) -> Stores {
    let Stores { mut stores, mut servers } = Stores::default();
    for (name, store) in &raw.0 {
        let path = KeyPath::of("stores").key(name);
        let name = resolver.name(name, &path);
        let given =
            [("use", store.ready.is_some()), ("command", store.command.is_some()), ("image", store.image.is_some())];
        if !resolver.exactly_one(&path, &given) {
            continue;
        }
        fitting(resolver, store, &path);
        if kind(store).has_server() {
            // in the root itself one without a base is reported by `ports`
            let has_base = store.port.is_some() || kind(store).port_base().is_some();
            if (has_base || in_tree) && !ports.iter().any(|(port, _)| *port == name) {
                let hint = "ports are those of the project's root: add the store to the `harness.toml` there";
                resolver.report_with(&path, format!("the store `{name}` has no port"), hint);
            }
            servers.push((name.clone(), server(resolver, &name, store, &path)));
        }
        stores.push((name, one(resolver, store, &path)));
    }
    Stores { stores, servers }
}

fn one(resolver: &mut Resolver<'_>, raw: &raw::Store, path: &KeyPath) -> Store {
    let path = path.key("template").key("steps");
    resolver.unique(raw.template.steps.iter().map(|step| step.name.as_str()), |index| path.index(index).key("name"));
    let mut steps = Vec::new();
    for (index, step) in raw.template.steps.iter().enumerate() {
        let path = path.index(index);
        steps.push(StoreStep {
            name: resolver.name(&step.name, &path.key("name")),
            run: Template(step.run.clone()),
            inputs: step.inputs.clone(),
            working_dir: step.working_dir.clone(),
            timeout: resolver.some_duration(step.timeout.as_ref(), &path.key("timeout"), STEP_TIMEOUT),
        });
    }
    Store { serves: kind(raw), init: raw.init.clone().map(Template), steps, container: container(raw) }
}

/// The container of a store that is an image.
fn container(raw: &raw::Store) -> Option<Container> {
    // the process that stops it must not be killed meanwhile
    let stop = raw.shutdown.timeout_seconds.unwrap_or(STOP_SECONDS) * STOP_PART;
    Some(Container {
        image: raw.image.clone()?,
        port: raw.container_port,
        data: raw.data.clone().unwrap_or_default(),
        entrypoint: raw.entrypoint.as_ref().and_then(|line| shell_words::split(line).ok()).unwrap_or_default(),
        environment: raw.environment.0.iter().map(|(name, _)| name.clone()).collect(),
        files: raw.files.0.iter().map(|(target, source)| (source.display().to_string(), target.clone())).collect(),
        #[allow(clippy::cast_possible_truncation)] // whole seconds
        stop_seconds: stop as i32,
    })
}

/// The server as a process that is ready before any of the application is started.
fn server(resolver: &mut Resolver<'_>, name: &str, raw: &raw::Store, path: &KeyPath) -> Process {
    let value = |key: &str| format!("{{{{ stores[{name:?}].{key} }}}}");
    let known =
        || format!("{} {}", value("command"), raw.arguments.as_deref().unwrap_or_default()).trim_end().to_owned();
    let shutdown = raw::Shutdown {
        signal: raw.shutdown.signal.clone(),
        timeout_seconds: raw.shutdown.timeout_seconds.or(Some(STOP_SECONDS)),
    };
    let process = raw::Process {
        command: raw.command.clone().unwrap_or_else(known),
        environment: raw.environment.clone(),
        readiness_probe: raw.readiness_probe.clone(),
        port: Some(raw::PortValue::Template(value("port"))),
        restart: Some(raw::Restart::Always),
        shutdown,
        ..raw::Process::default()
    };
    let mut process = processes::one(resolver, &process, path, None);
    let port = Template(value("port"));
    process.readiness_probe.get_or_insert_with(|| Probe {
        check: match kind(raw) {
            // while it reads its files it accepts connections, and answers that it is loading
            _ if answers_ping(raw) => ProbeCheck::Exchange { port, send: "PING\r\n", expect: "+PONG" },
            _ => ProbeCheck::Tcp { host: Some(Template("127.0.0.1".to_owned())), port },
        },
        initial_delay: Duration::ZERO,
        period: Duration::from_millis(100),
        timeout: Duration::from_secs(5),
        success_threshold: 1,
        failure_threshold: 1200,
    });
    process
}

/// Whether it speaks the protocol of Redis.
fn answers_ping(raw: &raw::Store) -> bool {
    let is_image = |image: &String| Container::program_of(image).is_some_and(|it| ["redis", "valkey"].contains(&it));
    kind(raw) == StoreKind::Redis || raw.image.as_ref().is_some_and(is_image)
}

fn kind(raw: &raw::Store) -> StoreKind {
    match raw.ready {
        None if raw.image.is_some() => StoreKind::Image,
        None => StoreKind::Own,
        Some(raw::ReadyStore::Redis) => StoreKind::Redis,
        Some(raw::ReadyStore::Mysql) => StoreKind::Mysql,
        Some(raw::ReadyStore::Mariadb) => StoreKind::Mariadb,
        Some(raw::ReadyStore::Mongodb) => StoreKind::Mongodb,
        Some(raw::ReadyStore::Sqlite) => StoreKind::Sqlite,
    }
}

/// Refuses keys that would do nothing.
fn fitting(resolver: &mut Resolver<'_>, raw: &raw::Store, path: &KeyPath) {
    let mut refuse = |key: &str, given: bool, why: String| {
        if given {
            resolver.report_with(
                &path.key(key),
                format!("`{path}.{key}` has no effect: {why}"),
                format!("remove `{path}.{key}`"),
            );
        }
    };
    let (serves, is_own) = (kind(raw), raw.command.is_some());
    refuse("arguments", is_own && raw.arguments.is_some(), "`command` has its own".to_owned());
    let of_image = || "an image makes its data itself".to_owned();
    refuse("init", serves == StoreKind::Image && raw.init.is_some(), of_image());
    let is_known = raw.ready.is_some();
    refuse("init", is_known && raw.init.is_some(), format!("harness knows how data of {} begins", serves.name()));
    let without_image = || "only an `image` has a container".to_owned();
    refuse("container_port", raw.image.is_none() && raw.container_port.is_some(), without_image());
    refuse("data", raw.image.is_none() && raw.data.is_some(), without_image());
    refuse("entrypoint", raw.image.is_none() && raw.entrypoint.is_some(), without_image());
    refuse("files", raw.image.is_none() && !raw.files.0.is_empty(), without_image());
    if !serves.has_server() {
        let why = || format!("{} has no server", serves.name());
        refuse("port", raw.port.is_some(), why());
        refuse("arguments", raw.arguments.is_some(), why());
        refuse("environment", !raw.environment.0.is_empty(), why());
        refuse("readiness_probe", raw.readiness_probe.is_some(), why());
        refuse("shutdown", raw.shutdown != raw::Shutdown::default(), why());
    }
}
