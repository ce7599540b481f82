//! What a process was started with: its environment and its command line. Both are as they were at `exec`; a
//! program may overwrite them, and those of another user are unreadable.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::identity::ProcessIdentity;
use super::inherited_marker::InheritedMarker;
use super::stat::pids;

/// The environment variable that marks every process of a stack; its value is [`marker_value`].
pub const MARKER: &str = "HARNESS_STACK";

/// The value of [`MARKER`] for a stack of a home.
pub fn marker_value(home_id: &str, stack: &str) -> String {
    format!("{home_id}/{stack}")
}

/// The value of [`MARKER`] for what `exec` and `shell` start beside a stack.
pub fn exec_marker_value(home_id: &str, stack: &str) -> String {
    marker_value(home_id, &format!("{stack}/exec"))
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

/// The arguments of a process, its name first; empty when there is no such process.
pub fn arguments_of(pid: u32) -> Vec<OsString> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| OsStr::from_bytes(word).to_owned()).collect()
}

/// Every live process of the stack whose environment marker has this value. One that wiped its environment is found
/// by the marker that it inherited.
pub fn processes_with_marker(value: &str) -> Vec<ProcessIdentity> {
    pids().filter(|pid| is_of_stack(*pid, value)).filter_map(ProcessIdentity::of).collect()
}

/// Whether a process belongs to the stack whose environment marker has this value.
pub fn is_of_stack(pid: u32, value: &str) -> bool {
    match variables_of(pid, [MARKER]) {
        Some([Some(found)]) => found == value,
        // the environment says nothing, or belongs to another user
        _ => InheritedMarker::of(pid).is_some_and(|found| found.stack == InheritedMarker::new(value, "").stack),
    }
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
