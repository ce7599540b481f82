//! The machine: copy-on-write, watches, disk, memory, the kernel's own ports.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{ioctl_ficlone, statvfs};

use crate::agent::Context;
use crate::project::{AgentId, InfraPort, Project};
use crate::report::{Area, Finding, Level};
use crate::system::{self, loopback_map};

const GIB: u64 = 1 << 30;
/// What several development servers with file watchers need.
const WATCHES: u64 = 524_288;
const INSTANCES: u64 = 512;

pub(super) fn examine(context: &Context, project: Option<&Project>) -> Vec<Finding> {
    // a home that does not exist yet will be made on the file system of the nearest directory that does
    let home = context.home.path().ancestors().find(|directory| directory.is_dir()).unwrap_or(Path::new("/"));
    let mut findings = vec![reflink("the home", home)];
    if let Some(tree) = project.and_then(trees) {
        findings.push(reflink("work trees", &tree));
    }
    findings.extend([limit("max_user_watches", WATCHES), limit("max_user_instances", INSTANCES), disk(home), memory()]);
    findings.push(loopback_map(project));
    findings.extend(project.and_then(ephemeral));
    findings
}

/// The nearest existing directory above the project's work trees.
fn trees(project: &Project) -> Option<PathBuf> {
    let path = &project.worktree.as_ref()?.path.0;
    let fixed = path.split("{{").next()?;
    let home = std::env::var("HOME").ok()?;
    let fixed = fixed.strip_prefix("~/").map_or_else(|| project.root.join(fixed), |below| Path::new(&home).join(below));
    fixed.ancestors().find(|directory| directory.is_dir()).map(Path::to_owned)
}

/// Tries it: what a file system is called does not say whether it can.
fn reflink(what: &str, directory: &Path) -> Finding {
    let place = directory.display();
    match try_reflink(directory) {
        Ok(true) => Finding::ok(Area::Machine, format!("{what} in {place}: copy-on-write clones work")),
        Ok(false) => Finding::ok(
            Area::Machine,
            format!(
                "{what} in {place}: no copy-on-write clones: databases and folders are copied (XFS and Btrfs can clone)"
            ),
        ),
        Err(error) => Finding::bad(
            Area::Machine,
            Level::Error,
            format!("{what} in {place}: cannot be written: {error}"),
            format!("make `{place}` writable, or free disk space"),
        ),
    }
}

fn try_reflink(directory: &Path) -> std::io::Result<bool> {
    let probe = tempfile_in(directory)?;
    let outcome = (|| {
        std::fs::write(probe.join("from"), vec![b'x'; 65536])?;
        let (from, to) = (File::open(probe.join("from"))?, File::create(probe.join("to"))?);
        Ok(ioctl_ficlone(&to, &from).is_ok())
    })();
    let _ = std::fs::remove_dir_all(&probe);
    outcome
}

fn tempfile_in(directory: &Path) -> std::io::Result<PathBuf> {
    let path = directory.join(format!(".harness-doctor-{}-{:08x}", std::process::id(), rand::random::<u32>()));
    std::fs::create_dir(&path)?;
    Ok(path)
}

fn limit(name: &str, wanted: u64) -> Finding {
    let path = format!("/proc/sys/fs/inotify/{name}");
    let found = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    match found {
        Some(found) if found < wanted => Finding::bad(
            Area::Machine,
            Level::Warning,
            format!("fs.inotify.{name} is {found}: the file watchers of several development servers need {wanted}"),
            format!("run `sudo sysctl -w fs.inotify.{name}={wanted}`, and add it to /etc/sysctl.d"),
        ),
        Some(found) => Finding::ok(Area::Machine, format!("fs.inotify.{name} is {found}")),
        None => Finding::ok(Area::Machine, format!("fs.inotify.{name} is not known here")),
    }
}

/// Tries it, as a launch does.
fn loopback_map(project: Option<&Project>) -> Finding {
    match loopback_map::probe() {
        Ok(()) => Finding::ok(Area::Machine, "the loopback map of `[network]` works"),
        Err(error) => {
            let used = project.is_some_and(|project| !project.network_map.is_empty());
            let message = system::with_causes(&error);
            if used {
                Finding::bad(Area::Machine, Level::Error, message, error.hint())
            } else {
                Finding::ok(Area::Machine, message)
            }
        }
    }
}

fn disk(home: &Path) -> Finding {
    let place = home.display();
    let Ok(found) = statvfs(home) else {
        return Finding::ok(Area::Machine, format!("free disk of {place} is not known"));
    };
    let free = found.f_bavail * found.f_frsize;
    let message = format!("{:.1} GiB of disk space are free at {place}", in_gib(free));
    let hint = "free disk space with `harness gc`, `harness teardown` of unused agents, or `docker system prune`";
    match free {
        free if free < GIB => Finding::bad(Area::Machine, Level::Error, message, hint),
        free if free < 10 * GIB => Finding::bad(Area::Machine, Level::Warning, message, hint),
        _ => Finding::ok(Area::Machine, message),
    }
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let (Some(total), Some(available)) = (kib("MemTotal:"), kib("MemAvailable:")) else {
        return Finding::ok(Area::Machine, "memory is not known");
    };
    let (total, available) = (total * 1024, available * 1024);
    let message = format!("{:.1} of {:.1} GiB of memory are available", in_gib(available), in_gib(total));
    if available < GIB {
        let hint = "stop unused agents (`harness stats` shows their memory), or add swap";
        return Finding::bad(Area::Machine, Level::Warning, message, hint);
    }
    Finding::ok(Area::Machine, message)
}

#[allow(clippy::cast_precision_loss)] // for people
fn in_gib(bytes: u64) -> f64 {
    bytes as f64 / GIB as f64
}

/// Ports that the kernel may give to an outgoing connection just when a stack wants them.
fn ephemeral(project: &Project) -> Option<Finding> {
    let range = system::ephemeral_range()?;
    let reserved = system::reserved_ports();
    let agents = (1..=project.max_agents.min(AgentId::MAX)).filter_map(|id| AgentId::try_from(id).ok());
    let of_agents = agents.flat_map(|agent| project.ports_of(agent)).map(|(_, port)| port);
    let of_infra = InfraPort::ALL.into_iter().map(|port| project.infra.ports.get(port));
    let mut among: Vec<u16> = of_agents
        .chain(of_infra)
        .filter(|port| range.contains(port) && !reserved.iter().any(|reserved| reserved.contains(port)))
        .collect();
    among.sort_unstable();
    among.dedup();
    let (Some(first), Some(last)) = (among.first(), among.last()) else {
        return Some(Finding::ok(
            Area::Ports,
            format!("no port of this project is in the kernel's ephemeral range {}-{}", range.start(), range.end()),
        ));
    };
    let message = format!(
        "{} ports of this project ({first} to {last}) are in the range from which the kernel picks ports of outgoing connections",
        among.len()
    );
    let all = system::reserving(&system::reserved_ports(), &format!("{first}-{last}"));
    let hint = format!("run `sudo sysctl -w net.ipv4.ip_local_reserved_ports={all}`, and add it to /etc/sysctl.d");
    Some(Finding::bad(Area::Ports, Level::Warning, message, hint))
}
