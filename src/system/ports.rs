//! TCP ports: is one free, and if not, whose is it. Source: `proc_net_tcp(5)`.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortHolder {
    /// Its pid; `None` when it belongs to another user or namespace and cannot be told.
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

/// Who listens on `port`, on any address; `None` when nobody does.
pub fn port_holder(port: u16) -> Option<PortHolder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().skip(1).filter_map(|line| listening_inode(line, port)).collect::<Vec<_>>())
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let wanted: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let pid = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| holds_socket(*pid, &wanted));
    Some(PortHolder { pid, command: pid.and_then(command_line).unwrap_or_else(|| "unknown process".to_owned()) })
}

/// The inode of a LISTEN row (state 0A) for `port`.
fn listening_inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, hexadecimal) = fields.get(1)?.rsplit_once(':')?;
    let same = u16::from_str_radix(hexadecimal, 16).ok()? == port;
    (same && *fields.get(3)? == "0A").then(|| fields.get(9).map(ToString::to_string))?
}

fn holds_socket(pid: u32, wanted: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.filter_map(Result::ok).any(|descriptor| {
        fs::read_link(descriptor.path())
            .is_ok_and(|target| wanted.iter().any(|name| target.as_os_str() == name.as_str()))
    })
}

fn command_line(pid: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> =
        bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    Some(words.join(" "))
}

/// The kernel's range of ports for outgoing connections.
pub fn ephemeral_range() -> Option<RangeInclusive<u16>> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut numbers = text.split_ascii_whitespace().filter_map(|number| number.parse().ok());
    Some(numbers.next()?..=numbers.next()?)
}

/// The value of `ip_local_reserved_ports` that reserves `ports` beside what is reserved already: what is written there
/// replaces all that was.
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
