//! What a process was started with: its environment and its command line. Both are as they were at `exec`; a
//! program may overwrite them, and those of another user are unreadable.

use std::fs;

use super::identity::ProcessIdentity;
use super::stat::pids;

/// The environment variable that marks every process of a stack; its value is [`marker_value`].
pub const MARKER: &str = "HARNESS_STACK";

/// The value of [`MARKER`] for a stack of a home.
pub fn marker_value(home_id: &str, stack: &str) -> String {
    format!("{home_id}/{stack}")
}

/// The values of variables in a process's environment, in the order of `names`. `None` where the environment is
/// unreadable.
pub fn variables_of<const N: usize>(pid: u32, names: [&str; N]) -> Option<[Option<String>; N]> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    Some(names.map(|name| {
        bytes.split(|byte| *byte == 0).find_map(|item| {
            let rest = item.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(String::from_utf8_lossy(rest).into_owned())
        })
    }))
}

/// The command line of a process, arguments joined by spaces. `None` when there is no such process.
pub fn command_line(pid: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> =
        bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    Some(words.join(" "))
}

/// Every live process whose environment holds `MARKER=value`.
pub fn processes_with_marker(value: &str) -> Vec<ProcessIdentity> {
    processes_with_variable(MARKER, value)
}

/// Every live process whose environment holds `name=value`.
pub fn processes_with_variable(name: &str, value: &str) -> Vec<ProcessIdentity> {
    marked(name).filter(|(_, found)| found == value).filter_map(|(pid, _)| ProcessIdentity::of(pid)).collect()
}

/// The stacks of a home that have a live process, by the environment marker.
pub fn marked_stacks(home_id: &str) -> Vec<String> {
    let prefix = marker_value(home_id, "");
    let mut stacks: Vec<String> =
        marked(MARKER).filter_map(|(_, value)| value.strip_prefix(&prefix).map(ToOwned::to_owned)).collect();
    stacks.sort_unstable();
    stacks.dedup();
    stacks
}

/// Every process that has the variable, with its value.
fn marked(name: &str) -> impl Iterator<Item = (u32, String)> {
    pids().filter_map(move |pid| {
        let [value] = variables_of(pid, [name])?;
        Some((pid, value?))
    })
}
