//! Small specs for the unit tests of this module.

use std::collections::BTreeMap;

use super::spec::{ProcessSpec, RestartSpec, StackSpec};
use crate::system::loopback_map::PortMap;

/// A process that runs `command` (split at spaces) in `/`.
pub(crate) fn process(command: &str) -> ProcessSpec {
    let command = command.split(' ').map(str::to_owned).collect();
    ProcessSpec { restart: RestartSpec::OnFailure, ..ProcessSpec::kept_running(command, "/".into()) }
}

/// A stack of these processes.
pub(crate) fn stack<const N: usize>(processes: [(&str, ProcessSpec); N]) -> StackSpec {
    StackSpec {
        version: 1,
        stack: "agent-3".to_owned(),
        home_id: "0123456789ab".to_owned(),
        network_map: PortMap::default(),
        environment: BTreeMap::new(),
        database: None,
        idle: None,
        processes: processes.into_iter().map(|(name, process)| (name.to_owned(), process)).collect(),
    }
}
