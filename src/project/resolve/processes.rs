//! `[processes]`.

use std::time::Duration;

use super::super::document::KeyPath;
use super::super::model::{Condition, Dependency, Probe, ProbeCheck, Process, RestartPolicy, Stdin, Template, Watch};
use super::super::nearest::nearest;
use super::super::raw;
use super::resolver::Resolver;

/// Failed starts in a row before a process is given up.
const MAX_RESTARTS: u32 = 5;

const SIGNALS: [&str; 8] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGABRT", "SIGKILL"];

pub(super) fn processes(
    resolver: &mut Resolver<'_>,
    raw: &raw::Ordered<raw::Process>,
    servers: Vec<(String, Process)>,
    ports: &[(String, u16)],
) -> Vec<(String, Process)> {
    let path = KeyPath::of("processes");
    let mut processes = servers;
    let servers = processes.clone();
    for (name, raw) in &raw.0 {
        let path = path.key(name);
        let name = resolver.name(name, &path);
        if servers.iter().any(|(server, _)| *server == name) {
            let hint = format!("rename `{path}` or `stores.{name}`");
            resolver.report_with(&path, format!("the process of the store `{name}` is called `{name}` already"), hint);
            continue;
        }
        let mut process = one(resolver, raw, &path, named_port(ports, &name));
        waits_for(&mut process, &servers);
        processes.push((name, process));
    }
    dependencies(resolver, &processes, &path);
    processes
}

/// Every process of the application waits for every store, unless it says how.
fn waits_for(process: &mut Process, servers: &[(String, Process)]) {
    for (server, _) in servers {
        if !process.depends_on.iter().any(|dependency| dependency.process == *server) {
            let process_name = server.clone();
            process.depends_on.push(Dependency {
                process: process_name,
                condition: Condition::Healthy,
                restart: false,
            });
        }
    }
}

/// The port of `[ports]` that has the process's name.
fn named_port(ports: &[(String, u16)], name: &str) -> Option<Template> {
    ports.iter().any(|(port, _)| port == name).then(|| Template(format!("{{{{ ports[{name:?}] }}}}")))
}

/// One process; `named` is its port where it names none itself.
pub(super) fn one(resolver: &mut Resolver<'_>, raw: &raw::Process, path: &KeyPath, named: Option<Template>) -> Process {
    let given = raw.port.as_ref().map(|port| Template(port.to_string()));
    let own = given.clone().or_else(|| named.clone());
    let readiness = raw.readiness_probe.as_ref().and_then(|probe| {
        let path = path.key("readiness_probe");
        let (http, tcp, exec) = (probe.http_get.as_ref(), probe.tcp_connect.as_ref(), probe.exec.as_ref());
        let check = check(resolver, http, tcp, exec, &path, own.as_ref())?;
        Some(Probe {
            check,
            initial_delay: resolver.seconds(probe.initial_delay_seconds, &path.key("initial_delay_seconds"), 0.0),
            period: resolver.some_seconds(probe.period_seconds, &path.key("period_seconds"), 0.5),
            timeout: resolver.some_seconds(probe.timeout_seconds, &path.key("timeout_seconds"), 5.0),
            success_threshold: probe.success_threshold.unwrap_or(1),
            failure_threshold: probe.failure_threshold.unwrap_or(120),
        })
    });
    let liveness = raw.liveness_probe.as_ref().and_then(|probe| {
        let path = path.key("liveness_probe");
        let (http, tcp, exec) = (probe.http_get.as_ref(), probe.tcp_connect.as_ref(), probe.exec.as_ref());
        let check = check(resolver, http, tcp, exec, &path, own.as_ref())?;
        Some(Probe {
            check,
            initial_delay: resolver.seconds(probe.initial_delay_seconds, &path.key("initial_delay_seconds"), 0.0),
            period: resolver.some_seconds(probe.period_seconds, &path.key("period_seconds"), 10.0),
            timeout: resolver.some_seconds(probe.timeout_seconds, &path.key("timeout_seconds"), 5.0),
            success_threshold: probe.success_threshold.unwrap_or(1),
            failure_threshold: probe.failure_threshold.unwrap_or(3),
        })
    });
    if raw.command.trim().is_empty() {
        resolver.report(&path.key("command"), format!("`{path}.command` is empty"));
    }
    Process {
        command: Template(raw.command.clone()),
        working_dir: raw.working_dir.clone().map(Template),
        environment: resolver.environment(&raw.environment, &path.key("environment")),
        disabled: Template(raw.disabled.as_ref().map_or_else(|| "false".to_owned(), ToString::to_string)),
        depends_on: depends_on(raw.depends_on.as_ref()),
        port_is_probes: given.is_none() && readiness.as_ref().and_then(local_port).is_some(),
        port: given.or_else(|| readiness.as_ref().and_then(local_port)).or(named),
        readiness_probe: readiness,
        liveness_probe: liveness,
        ready_log_line: resolver.pattern(raw.ready_log_line.as_deref(), &path.key("ready_log_line"), 0, &[]),
        error_log_line: resolver.pattern(raw.error_log_line.as_deref(), &path.key("error_log_line"), 1, &[]),
        restart: match raw.restart {
            Some(raw::Restart::No) => RestartPolicy::No,
            None | Some(raw::Restart::OnFailure) => RestartPolicy::OnFailure,
            Some(raw::Restart::Always) => RestartPolicy::Always,
        },
        max_restarts: raw.max_restarts.unwrap_or(MAX_RESTARTS),
        stop_signal: signal(resolver, raw.shutdown.signal.as_deref(), &path.key("shutdown").key("signal")),
        stop_timeout: resolver.seconds(
            raw.shutdown.timeout_seconds,
            &path.key("shutdown").key("timeout_seconds"),
            10.0,
        ),
        stdin: match raw.stdin {
            None | Some(raw::Stdin::Closed) => Stdin::Closed,
            Some(raw::Stdin::Open) => Stdin::Open,
        },
        tty: raw.tty,
        watch: raw.watch.as_ref().map(|watch| Watch {
            paths: watch.paths.clone(),
            ignore: watch.ignore.clone(),
            debounce: resolver.duration(
                watch.debounce.as_ref(),
                &path.key("watch").key("debounce"),
                Duration::from_millis(200),
            ),
        }),
    }
}

fn check(
    resolver: &mut Resolver<'_>,
    http: Option<&raw::HttpGet>,
    tcp: Option<&raw::TcpConnect>,
    exec: Option<&raw::Exec>,
    path: &KeyPath,
    own_port: Option<&Template>,
) -> Option<ProbeCheck> {
    let given = [("http_get", http.is_some()), ("tcp_connect", tcp.is_some()), ("exec", exec.is_some())];
    resolver.exactly_one(path, &given).then_some(())?;
    let mut port = |key: &str, port: Option<&raw::PortValue>| {
        let port = port.map(|port| Template(port.to_string())).or_else(|| own_port.cloned());
        if port.is_none() {
            let hint = "write `port = \"{{ ports.<name> }}\"`";
            resolver.report_with(&path.key(key), format!("missing key `{path}.{key}.port`"), hint);
        }
        port
    };
    let template = |text: &Option<String>| text.clone().map(Template);
    if let Some(http) = http {
        return Some(ProbeCheck::Http {
            host: template(&http.host),
            port: port("http_get", http.port.as_ref())?,
            path: template(&http.path).unwrap_or_else(|| Template("/".to_owned())),
        });
    }
    if let Some(tcp) = tcp {
        return Some(ProbeCheck::Tcp { host: template(&tcp.host), port: port("tcp_connect", tcp.port.as_ref())? });
    }
    exec.map(|exec| ProbeCheck::Exec(Template(exec.command.clone())))
}

/// The port of a probe that asks this machine.
fn local_port(probe: &Probe) -> Option<Template> {
    match &probe.check {
        ProbeCheck::Http { host: None, port, .. } | ProbeCheck::Tcp { host: None, port } => Some(port.clone()),
        _ => None,
    }
}

fn signal(resolver: &mut Resolver<'_>, raw: Option<&str>, path: &KeyPath) -> String {
    let Some(raw) = raw else { return "SIGTERM".to_owned() };
    let upper = raw.to_ascii_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    if !SIGNALS.contains(&name.as_str()) {
        let listed = SIGNALS.map(|name| format!("`{name}`")).join(", ");
        resolver.report(path, format!("`{path}` must be one of {listed}, not `{raw}`"));
    }
    name
}

fn depends_on(raw: Option<&raw::DependsOn>) -> Vec<Dependency> {
    match raw {
        None => Vec::new(),
        // as in docker compose: a plain list waits for the start only
        Some(raw::DependsOn::Names(names)) => names
            .iter()
            .map(|name| Dependency { process: name.clone(), condition: Condition::Started, restart: false })
            .collect(),
        Some(raw::DependsOn::Conditions(conditions)) => conditions
            .0
            .iter()
            .map(|(name, raw)| Dependency {
                process: name.clone(),
                condition: match raw.condition {
                    None | Some(raw::Condition::ProcessStarted) => Condition::Started,
                    Some(raw::Condition::ProcessHealthy) => Condition::Healthy,
                    Some(raw::Condition::ProcessLogReady) => Condition::LogReady,
                    Some(raw::Condition::ProcessCompletedSuccessfully) => Condition::CompletedSuccessfully,
                },
                restart: raw.restart,
            })
            .collect(),
    }
}

/// Every dependency exists, can ever be met, and none leads back to itself.
fn dependencies(resolver: &mut Resolver<'_>, processes: &[(String, Process)], path: &KeyPath) {
    for (name, process) in processes {
        for dependency in &process.depends_on {
            let path = path.key(name).key("depends_on").key(&dependency.process);
            let target = &dependency.process;
            let Some((_, other)) = processes.iter().find(|(other, _)| other == target) else {
                let names = processes.iter().map(|(name, _)| name.as_str());
                let message = format!("`{name}` depends on `{target}`, which is not in `[processes]`");
                match nearest(target, names) {
                    Some(near) => resolver.report_with(&path, message, format!("did you mean `{near}`?")),
                    None => resolver.report(&path, message),
                }
                continue;
            };
            let missing = match dependency.condition {
                Condition::Healthy if other.readiness_probe.is_none() => "readiness_probe",
                Condition::LogReady if other.ready_log_line.is_none() => "ready_log_line",
                _ => continue,
            };
            let message = format!("`{name}` would never start: `{target}` has no `{missing}`");
            resolver.report_with(&path, message, format!("give `processes.{target}` a `{missing}`"));
        }
    }
    if let Some(cycle) = cycle(processes) {
        let path = path.key(cycle[0]).key("depends_on");
        let chain = cycle.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" -> ");
        resolver.report(&path, format!("the dependencies form a cycle: {chain}"));
    }
}

/// A circle of dependencies, its first name repeated at the end.
fn cycle(processes: &[(String, Process)]) -> Option<Vec<&str>> {
    fn visit<'a>(
        name: &'a str,
        processes: &'a [(String, Process)],
        trail: &mut Vec<&'a str>,
        done: &mut Vec<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = trail.iter().position(|earlier| *earlier == name) {
            return Some(trail[start..].iter().copied().chain([name]).collect());
        }
        if done.contains(&name) {
            return None;
        }
        let (_, process) = processes.iter().find(|(other, _)| other == name)?;
        trail.push(name);
        let found = process.depends_on.iter().find_map(|next| visit(&next.process, processes, trail, done));
        trail.pop();
        done.push(name);
        found
    }
    let mut done = Vec::new();
    processes.iter().find_map(|(name, _)| visit(name, processes, &mut Vec::new(), &mut done))
}
