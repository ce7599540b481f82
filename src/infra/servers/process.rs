//! What the native processes of the shared servers have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::supervisor::{ProbeCheckSpec, ProbeSpec, ProcessSpec, RunAs};
use crate::system::ServiceUser;

/// Where every server of a home listens.
pub(in crate::infra) const LOOPBACK: &str = "127.0.0.1";

/// A server that is started again whenever it ends.
pub(super) fn process(command: Vec<String>, working_dir: PathBuf, ports: Vec<u16>) -> ProcessSpec {
    ProcessSpec { ports, ..ProcessSpec::kept_running(command, working_dir) }
}

/// For what `status` shows. The supervisor asks eagerly up to this period until a server is ready, and calmly
/// after; `ensure` waits with probes of its own besides, which ask for more.
pub(super) fn readiness(check: ProbeCheckSpec) -> ProbeSpec {
    ProbeSpec {
        check,
        initial_delay_seconds: 0.0,
        period_seconds: 0.1,
        timeout_seconds: 2.0,
        success_threshold: 1,
        failure_threshold: 50,
    }
}

pub(super) fn run_as(user: Option<&ServiceUser>) -> Option<RunAs> {
    user.map(|user| RunAs { uid: user.uid, gid: user.gid })
}

pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `127.0.0.1:15432`.
pub(super) fn address(port: u16) -> String {
    format!("{LOOPBACK}:{port}")
}

pub(super) fn option(name: &str, value: &str) -> [String; 2] {
    [name.to_owned(), value.to_owned()]
}

pub(super) fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
