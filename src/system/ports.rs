//! TCP ports: whether one is free, and which process holds it.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Deadline;
use super::proc::{Listeners, SocketTable, arguments_of, command_line, holders_of, holds, is_of_stack};

/// The process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortHolder {
    /// Its pid; `None` when it belongs to another user or namespace and is not known.
    pub pid: Option<u32>,
    /// Its command line, arguments joined by spaces.
    pub command: String,
}

/// Whether a server could listen on this port of both loopback addresses.
pub fn is_bindable(port: u16) -> bool {
    let free = |address: SocketAddr| match TcpListener::bind(address) {
        Ok(_) => true,
        // no IPv6 on this machine
        Err(error) => {
            error.kind() == std::io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
        }
    };
    free((Ipv4Addr::LOCALHOST, port).into()) && free((Ipv6Addr::LOCALHOST, port).into())
}

/// How long the kernel may take to close the sockets of a process that was killed.
const CLOSING: Duration = Duration::from_secs(1);

/// The same, but waits for a moment where no living process is known to hold the port: one that was killed has lost its
/// name before its sockets are closed.
pub async fn becomes_bindable(port: u16) -> bool {
    let deadline = Deadline::after("a port", CLOSING);
    loop {
        if is_bindable(port) {
            return true;
        }
        if deadline.passed() || port_holder(port).is_some_and(|holder| holder.pid.is_some()) {
            return false;
        }
        deadline.pause(Duration::from_millis(20)).await;
    }
}

/// Who listens on `port`, on any address; `None` when no process does. For several ports take one
/// [`Listeners`] and ask [`PortHolder::among`].
pub fn port_holder(port: u16) -> Option<PortHolder> {
    PortHolder::among(&Listeners::read(), port)
}

impl PortHolder {
    /// Who listens on `port` at the moment that `listeners` was read.
    pub fn among(listeners: &Listeners, port: u16) -> Option<Self> {
        listeners.on(port).next()?;
        let pid = listeners.holder_of(port);
        Some(Self { pid, command: pid.and_then(command_line).unwrap_or_else(|| "unknown process".to_owned()) })
    }
}

/// Programs that hold ports of containers on this machine. Whose container it is they do not say.
const OF_CONTAINERS: [&str; 6] = ["docker-proxy", "rootlesskit", "rootlessport", "conmon", "pasta", "slirp4netns"];

/// Whether a process holds ports for a container.
pub fn holds_for_container(pid: u32) -> bool {
    let arguments = arguments_of(pid);
    let program = arguments.first().and_then(|word| Path::new(word).file_name());
    program.is_some_and(|program| OF_CONTAINERS.iter().any(|known| program == *known))
}

/// Who answers at an address of loopback, if it is known that no process of the stack with this marker does. Processes of
/// `likely`, which are of that stack, are looked at first, because a look at all costs milliseconds.
pub fn stranger_at(address: SocketAddr, marker: &str, likely: impl IntoIterator<Item = u32>) -> Option<PortHolder> {
    let socket = SocketTable::open().ok()?.listening(address).ok()??;
    if likely.into_iter().any(|pid| holds(pid, socket.inode)) {
        return None;
    }
    let holders = holders_of(socket.inode);
    if holders.iter().any(|pid| is_of_stack(*pid, marker) || holds_for_container(*pid)) {
        return None;
    }
    let pid = *holders.iter().min()?;
    Some(PortHolder { pid: Some(pid), command: command_line(pid)? })
}

/// The kernel's range of ports for outgoing connections.
pub fn ephemeral_range() -> Option<RangeInclusive<u16>> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut numbers = text.split_ascii_whitespace().filter_map(|number| number.parse().ok());
    Some(numbers.next()?..=numbers.next()?)
}

/// The value of `ip_local_reserved_ports` that reserves `ports` in addition to what is reserved already, because
/// writing there replaces the whole list.
pub fn reserving(reserved: &[RangeInclusive<u16>], ports: &str) -> String {
    let mut known: Vec<String> = reserved.iter().map(|range| format!("{}-{}", range.start(), range.end())).collect();
    known.push(ports.to_owned());
    known.join(",")
}

/// Ports that `ip_local_reserved_ports` takes out of the ephemeral range.
pub fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default();
    text.trim()
        .split(',')
        .filter_map(|item| {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            Some(first.parse().ok()?..=last.parse().ok()?)
        })
        .collect()
}
