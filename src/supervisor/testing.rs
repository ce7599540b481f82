//! Small specs for the unit tests of this module.

use std::collections::BTreeMap;

use super::spec::{ProcessSpec, RestartSpec, StackSpec, StdinSpec, StopSpec};

/// A process that runs `command` (split at spaces) in `/`.
pub(crate) fn process(command: &str) -> ProcessSpec {
    ProcessSpec {
        command: command.split(' ').map(str::to_owned).collect(),
        working_dir: "/".into(),
        environment: BTreeMap::new(),
        disabled: false,
        depends_on: BTreeMap::new(),
        readiness_probe: None,
        liveness_probe: None,
        ready_log_line: None,
        error_log_line: None,
        ports: Vec::new(),
        restart: RestartSpec::OnFailure,
        max_restarts: 0,
        shutdown: StopSpec::default(),
        watch: None,
        stdin: StdinSpec::Closed,
        tty: false,
        run_as: None,
    }
}

/// A stack of these processes.
pub(crate) fn stack<const N: usize>(processes: [(&str, ProcessSpec); N]) -> StackSpec {
    StackSpec {
        version: 1,
        stack: "agent-3".to_owned(),
        home_id: "0123456789ab".to_owned(),
        environment: BTreeMap::new(),
        processes: processes.into_iter().map(|(name, process)| (name.to_owned(), process)).collect(),
    }
}
