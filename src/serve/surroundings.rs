//! The environment that verbs and the server see, whoever started it.

use std::collections::BTreeMap;

/// What tells of the command, the process, the agent or the stack that the caller is part of.
const MARKS: [&str; 6] =
    ["HARNESS_STACK", "HARNESS_PROCESS", "HARNESS_COMMAND", "HARNESS_VERIFY", "HARNESS_LOOPBACK_MAP", "AGENT_ID"];

/// The environment without these.
pub(super) fn surroundings(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_mark = |name: &str| MARKS.contains(&name);
    environment.iter().filter(|(name, _)| !is_mark(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
