//! Who was started by whom.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Read;

use super::stat::Stat;

/// Whether the kernel lists children (`CONFIG_PROC_CHILDREN`).
pub fn lists_children() -> bool {
    fs::metadata(format!("/proc/self/task/{}/children", std::process::id())).is_ok()
}

/// Everything below `roots`, the roots themselves left out. The kernel may skip a child while a sibling
/// exits, so an empty answer proves something only when it is repeated.
pub fn descendants(roots: &[u32]) -> Vec<Stat> {
    let mut found: Vec<Stat> = Vec::new();
    let mut seen: BTreeSet<u32> = roots.iter().copied().collect();
    let mut open: Vec<(u32, bool)> = roots.iter().map(|pid| (*pid, true)).collect();
    while let Some((parent, has_threads)) = open.pop() {
        for child in listed(parent, has_threads) {
            if !seen.insert(child) {
                continue;
            }
            if let Some(stat) = Stat::of(child) {
                found.push(stat);
                // what is dead has no children any more, unless threads of it live on
                if stat.is_alive() || stat.threads > 1 {
                    open.push((child, stat.threads > 1));
                }
            }
        }
    }
    found
}

/// `members` and everything of `processes` that descends from them, by pid. Linear in the number of processes.
pub fn with_descendants(processes: &[Stat], mut members: BTreeSet<u32>) -> BTreeSet<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for stat in processes {
        children.entry(stat.parent).or_default().push(stat.pid);
    }
    let mut open: Vec<u32> = members.iter().copied().collect();
    while let Some(parent) = open.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if members.insert(*child) {
                open.push(*child);
            }
        }
    }
    members
}

/// The children of a process, of all its threads.
pub fn children_of(pid: u32) -> Vec<u32> {
    listed(pid, true)
}

/// The children of a process; those of its first thread only when it has no other.
fn listed(pid: u32, has_threads: bool) -> Vec<u32> {
    let mut all = Vec::new();
    add_children(&format!("/proc/{pid}/task/{pid}/children"), &mut all);
    if has_threads {
        for entry in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok) {
            let thread = entry.file_name();
            if thread.to_str().is_some_and(|thread| thread.parse() != Ok(pid)) {
                add_children(&format!("{}/children", entry.path().display()), &mut all);
            }
        }
    }
    all
}

/// Adds the pids of a list of the kernel's. Such a file has no size that could be asked for first.
fn add_children(path: &str, all: &mut Vec<u32>) {
    let Ok(mut file) = fs::File::open(path) else { return };
    let mut bytes = [0; 4096];
    let mut number = None;
    while let Ok(read) = file.read(&mut bytes) {
        for byte in &bytes[..read] {
            if byte.is_ascii_digit() {
                number = Some(number.unwrap_or(0) * 10 + u32::from(byte - b'0'));
            } else {
                all.extend(number.take());
            }
        }
        if read == 0 {
            all.extend(number);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ProcessIdentity, processes};
    use super::*;

    #[test]
    fn a_child_is_found_both_ways() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = std::process::id();
        let is_child = |stat: &Stat| stat.pid == child.id() && stat.parent == own;
        let all = processes();
        assert!(all.iter().any(is_child));
        assert!(with_descendants(&all, BTreeSet::from([own])).contains(&child.id()));
        if lists_children() {
            assert!(descendants(&[own]).iter().any(is_child));
        }
        let stat = Stat::of(child.id()).unwrap();
        assert_eq!(Some(stat.identity()), ProcessIdentity::of(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(Stat::of(child.id()), None);
    }
}
