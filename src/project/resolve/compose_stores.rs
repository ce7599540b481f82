//! `[stores] from`: the services of a compose file as stores.
//!
//! What a service says is put into the keys of a store, so that everything after this is as if it stood in `harness.toml`. A
//! table of the same name adds to it. Services that are built are the application, which is a process here; those that
//! harness runs for all agents, and those of a profile, are left out. A key that would have no effect is named, not passed
//! over in silence.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::document::KeyPath;
use super::super::{dotenv, interpolate, raw};
use super::resolver::Resolver;

/// Part of an image's name, and the shared server that takes its place.
const SHARED: [(&str, &str); 11] = [
    ("postgres", "PostgreSQL"),
    ("postgis", "PostgreSQL"),
    ("pgvector", "PostgreSQL"),
    ("timescale", "PostgreSQL"),
    ("minio", "S3"),
    ("mailhog", "mail"),
    ("mailpit", "mail"),
    ("mailcatcher", "mail"),
    ("maildev", "mail"),
    ("browserless", "browser"),
    ("headless-shell", "browser"),
];

/// Keys that are read, and those that mean nothing for a container that has an agent of its own.
const UNDERSTOOD: [&str; 20] = [
    "image",
    "ports",
    "expose",
    "environment",
    "command",
    "entrypoint",
    "volumes",
    "container_name",
    "restart",
    "depends_on",
    "networks",
    "healthcheck",
    "labels",
    "logging",
    "hostname",
    "pull_policy",
    "stop_grace_period",
    "init",
    "profiles",
    "platform",
];

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The stores of `[stores]` with those of the compose file; warnings say what was left out.
pub(super) fn merged(
    resolver: &mut Resolver<'_>,
    raw: &raw::Stores,
    root: &Path,
) -> (raw::Ordered<raw::Store>, Vec<String>) {
    let mut stores = raw.stores.clone();
    let Some(from) = &raw.from else { return (stores, Vec::new()) };
    let path = KeyPath::of("stores.from");
    let file = from.display();
    let services = match services(&root.join(from)) {
        Ok(services) => services,
        Err(problem) => {
            resolver.report(&path, format!("`{path}`: cannot read `{file}`: {problem}"));
            return (stores, Vec::new());
        }
    };
    // as docker compose has them; not the caller's, which differ from shell to shell
    let variables = std::fs::read_to_string(root.join(".env")).unwrap_or_default();
    let variables = dotenv::parse(&variables, &|_| None).unwrap_or_default();
    let lookup = |name: &str| variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut warnings = Vec::new();
    for (name, service) in &services {
        let own = stores.0.iter().position(|(known, _)| known == name);
        // a table that says what serves is no addition to the service
        if own.is_some_and(|at| says_what_serves(&stores.0[at].1)) {
            continue;
        }
        let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
        if service.get("build").is_some() || image.is_empty() {
            if own.is_some() {
                let message = format!("`{file}` builds `{name}`: a store needs an image");
                let hint = format!("give `stores.{name}.image`, or run it as a process: `[processes.{name}]`");
                resolver.report_with(&KeyPath::of("stores").key(name), message, hint);
            }
            continue;
        }
        let shared = SHARED.iter().find(|(part, _)| image.to_lowercase().contains(part));
        if let Some((_, what)) = shared.filter(|_| own.is_none()) {
            warnings.push(format!("`{name}` of `{file}` is left to harness's own server: {what}"));
            continue;
        }
        if own.is_none() && service.get("profiles").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            continue;
        }
        let (store, ignored) = match store(service, &lookup) {
            Ok(read) => read,
            Err(problem) => {
                resolver.report(&path, format!("`{file}`: service `{name}` {problem}"));
                continue;
            }
        };
        warnings
            .extend(ignored.iter().map(|key| format!("`{key}` of `{name}` in `{file}` has no effect on the store")));
        match own {
            Some(at) => add(&mut stores.0[at].1, store),
            None => stores.0.push((name.clone(), store)),
        }
    }
    (stores, warnings)
}

fn says_what_serves(store: &raw::Store) -> bool {
    store.ready.is_some() || store.command.is_some() || store.image.is_some()
}

fn services(file: &Path) -> Result<Vec<(String, Value)>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let parsed: Value = serde_saphyr::from_str(&text).map_err(|error| error.to_string())?;
    let services = parsed.get("services").and_then(Value::as_object).ok_or("it has no `services`")?;
    Ok(services.iter().map(|(name, service)| (name.clone(), service.clone())).collect())
}

/// What a table of `harness.toml` does not say itself.
fn add(own: &mut raw::Store, service: raw::Store) {
    own.image = service.image;
    own.arguments = own.arguments.take().or(service.arguments);
    own.entrypoint = own.entrypoint.take().or(service.entrypoint);
    own.port = own.port.or(service.port);
    own.container_port = own.container_port.or(service.container_port);
    own.data = own.data.take().or(service.data);
    let missing =
        service.environment.0.into_iter().filter(|(name, _)| !own.environment.0.iter().any(|(it, _)| it == name));
    let missing: Vec<_> = missing.collect();
    own.environment.0.extend(missing);
    let missing = service.files.0.into_iter().filter(|(target, _)| !own.files.0.iter().any(|(it, _)| it == target));
    let missing: Vec<_> = missing.collect();
    own.files.0.extend(missing);
}

/// A service as a store, and the keys of it that say nothing to one.
fn store(service: &Value, lookup: Lookup<'_>) -> Result<(raw::Store, Vec<String>), String> {
    let put = |text: &str| interpolate(text, lookup);
    let mut ignored: Vec<String> = service
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .filter(|key| !UNDERSTOOD.contains(&key.as_str()) && !key.starts_with("x-"))
        .cloned()
        .collect();
    let mut store = raw::Store {
        image: service.get("image").map(text).as_deref().map(put).transpose()?,
        arguments: service
            .get("command")
            .and_then(|it| words(it, lookup).transpose())
            .transpose()?
            .as_deref()
            .map(literal),
        entrypoint: service.get("entrypoint").and_then(|it| words(it, lookup).transpose()).transpose()?,
        ..raw::Store::default()
    };
    let mut ports = Vec::new();
    for port in list(service, "ports").chain(list(service, "expose")) {
        ports.extend(self::port(port, lookup)?);
    }
    if let Some((published, target)) = ports.first() {
        (store.port, store.container_port) = (Some(*published), Some(*target));
        if ports.iter().any(|(_, other)| other != target) {
            ignored.push("ports, but the first,".to_owned());
        }
    }
    for (name, value) in environment(service.get("environment"), lookup)? {
        store.environment.0.push((name, raw::Scalar::Text(literal(&value))));
    }
    let mut data = Vec::new();
    for volume in list(service, "volumes") {
        let (source, target) = mount(volume, lookup)?;
        match source {
            Some(source) => store.files.0.push((target, source)),
            None => data.push(target),
        }
    }
    store.data = Some(data).filter(|data| !data.is_empty());
    Ok((store, ignored))
}

fn list<'a>(service: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    service.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A command as one line of a shell's words.
fn words(value: &Value, lookup: Lookup<'_>) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Array(list) => {
            let words: Vec<String> =
                list.iter().map(|word| interpolate(&text(word), lookup)).collect::<Result<_, _>>()?;
            Ok(Some(shell_words::join(words)))
        }
        other => interpolate(&text(other), lookup).map(Some),
    }
}

/// Text in which nothing is a template.
fn literal(text: &str) -> String {
    let mut text = text.replace("{{", "{{ '{{' }}");
    for mark in ["{%", "{#"] {
        text = text.replace(mark, &format!("{{{{ '{mark}' }}}}"));
    }
    text
}

/// The port outside and the one inside; none for one of UDP.
fn port(value: &Value, lookup: Lookup<'_>) -> Result<Option<(u16, u16)>, String> {
    let wrong = |text: &str| format!("has a port that is none: `{text}`");
    if let Some(long) = value.as_object() {
        if long.get("protocol").is_some_and(|protocol| protocol == "udp") {
            return Ok(None);
        }
        let number = |key: &str| long.get(key).map(text).map(|text| interpolate(&text, lookup)).transpose();
        let target = number("target")?.unwrap_or_default();
        let target = target.parse().map_err(|_| wrong(&target))?;
        let published = number("published")?.and_then(|published| published.parse().ok());
        return Ok(Some((published.unwrap_or(target), target)));
    }
    let all = interpolate(&text(value), lookup)?;
    let (short, protocol) = all.split_once('/').unwrap_or((&all, "tcp"));
    if protocol != "tcp" {
        return Ok(None);
    }
    let mut parts = short.rsplit(':');
    let target: u16 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(|| wrong(&all))?;
    let published = parts.next().filter(|part| !part.is_empty());
    let published = published.map_or(Ok(target), |part| part.parse().map_err(|_| wrong(&all)))?;
    Ok(Some((published, target)))
}

fn environment(value: Option<&Value>, lookup: Lookup<'_>) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    match value {
        Some(Value::Object(table)) => {
            for (name, value) in table {
                match value {
                    Value::Null => pairs.extend(lookup(name).map(|value| (name.clone(), value))),
                    other => pairs.push((name.clone(), interpolate(&text(other), lookup)?)),
                }
            }
        }
        Some(Value::Array(list)) => {
            for line in list.iter().map(text) {
                match line.split_once('=') {
                    Some((name, value)) => pairs.push((name.to_owned(), interpolate(value, lookup)?)),
                    None => pairs.extend(lookup(&line).map(|value| (line.clone(), value))),
                }
            }
        }
        _ => {}
    }
    Ok(pairs)
}

/// What is mounted where; no source for what is the service's data.
fn mount(value: &Value, lookup: Lookup<'_>) -> Result<(Option<PathBuf>, String), String> {
    let (source, target) = if let Some(long) = value.as_object() {
        let part = |key: &str| long.get(key).map(text).map(|text| interpolate(&text, lookup)).transpose();
        let is_bind = long.get("type").is_some_and(|it| it == "bind");
        (part("source")?.filter(|_| is_bind), part("target")?.unwrap_or_default())
    } else {
        let all = interpolate(&text(value), lookup)?;
        let mut parts = all.split(':').map(str::to_owned);
        match (parts.next(), parts.next()) {
            (Some(source), Some(target)) => (Some(source).filter(|it| it.starts_with(['.', '/', '~'])), target),
            (only, _) => (None, only.unwrap_or_default()),
        }
    };
    if !target.starts_with('/') {
        return Err(format!("has a volume whose place is no absolute path: `{}`", text(value)));
    }
    if source.as_ref().is_some_and(|source| source.starts_with('~')) {
        return Err(format!("mounts a directory of one user: `{}`", text(value)));
    }
    Ok((source.map(PathBuf::from), target))
}
