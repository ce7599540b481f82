//! What has changed between two states of a stack.

use std::collections::BTreeMap;

use crate::report::{Exit, Happening};
use crate::supervisor::ProcessSnapshot;
use crate::system::StackName;

/// The processes of a stack, by name.
pub(super) type Processes = BTreeMap<String, ProcessSnapshot>;

/// One event for each process that differs in state, process id, restarts or last end.
pub(super) fn between(stack: StackName, before: &Processes, now: &Processes) -> Vec<Happening> {
    let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
    names.filter_map(|name| change(stack, name, before.get(name), now.get(name))).collect()
}

fn change(
    stack: StackName,
    name: &str,
    before: Option<&ProcessSnapshot>,
    now: Option<&ProcessSnapshot>,
) -> Option<Happening> {
    let pid = |process: Option<&ProcessSnapshot>| Some(process?.process.as_ref()?.pid);
    let key = |process: Option<&ProcessSnapshot>| {
        process.map(|process| (process.phase, pid(Some(process)), process.restarts, process.last_exit_at_ms))
    };
    if key(before) == key(now) {
        return None;
    }
    Some(Happening::Process {
        stack: stack.to_string(),
        agent: agent(stack),
        process: name.to_owned(),
        state: now.map(|process| process.phase),
        before: before.map(|process| process.phase),
        pid: pid(now),
        restarts: now.map_or(0, |process| process.restarts),
        exit: now.and_then(|process| process.last_exit).map(|exit| Exit {
            code: exit.code,
            signal: exit.signal,
            out_of_memory: exit.out_of_memory,
        }),
        reason: now.and_then(|process| process.reason.clone()),
    })
}

/// The agent of a stack; none of the shared servers.
pub(super) fn agent(stack: StackName) -> Option<u8> {
    match stack {
        StackName::Infra | StackName::Serve => None,
        StackName::Agent(id) => Some(id),
    }
}
