//! A stack of its own for each test: its own home, its own ports, gone when the test is.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{SHORT, wait_until};
use harness::supervisor::{
    Client, ConditionSpec, DependencySpec, Launcher, Phase, ProbeCheckSpec, ProbeSpec, ProcessSpec, RestartSpec,
    StackSnapshot, StackSpec, Started, StopSpec, sweep_blocking,
};
use harness::system::loopback_map::PortMap;
use harness::system::{ProcessIdentity, marker_value, processes_with_marker};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A stack directory with a spec.
pub(crate) struct Stack {
    _home: tempfile::TempDir,
    pub(crate) directory: PathBuf,
    pub(crate) spec: StackSpec,
    pub(crate) launcher: Launcher,
}

/// The harness binary under test.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_harness"))
}

impl Stack {
    pub(crate) fn new<const N: usize>(processes: [(&str, ProcessSpec); N]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("agents/3");
        let home_id = format!("{:012x}", u64::from(std::process::id()) * 1_000_000 + u64::from(free_port()));
        let spec = StackSpec {
            version: 1,
            stack: "agent-3".to_owned(),
            home_id,
            network_map: PortMap::default(),
            environment: BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())]),
            database: None,
            idle: None,
            processes: processes.into_iter().map(|(name, process)| (name.to_owned(), process)).collect(),
        };
        Self { _home: home, directory, spec, launcher: Launcher::with_binary(binary()) }
    }

    pub(crate) async fn start(&self) -> Started {
        self.launcher.start(&self.directory, &self.spec).await.unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.directory).unwrap().expect("a supervisor runs")
    }

    /// Starts, and waits until every process is in `phase`.
    pub(crate) async fn start_until(&self, phase: Phase) -> StackSnapshot {
        self.start().await;
        self.wait(|snapshot| snapshot.processes.values().all(|process| process.phase == phase)).await
    }

    /// Waits for a state of the stack.
    pub(crate) async fn wait(&self, mut wanted: impl FnMut(&StackSnapshot) -> bool) -> StackSnapshot {
        let seen = self.client().wait_until(PATIENCE, &mut wanted).await.unwrap();
        assert!(wanted(&seen), "this did not come: {seen:#?}\n{}", self.own_log());
        seen
    }

    /// What guardian and supervisor said.
    pub(crate) fn own_log(&self) -> String {
        std::fs::read_to_string(self.directory.join("logs/supervisor.log")).unwrap_or_default()
    }

    pub(crate) fn log(&self, process: &str) -> Vec<u8> {
        std::fs::read(self.directory.join(format!("logs/{process}.log"))).unwrap_or_default()
    }

    /// Every live process that carries the stack's marker.
    pub(crate) fn members(&self) -> Vec<ProcessIdentity> {
        processes_with_marker(&marker_value(&self.spec.home_id, &self.spec.stack))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // tests stop their stacks themselves; this is for those that failed
        for trio in trio_of(&self.directory) {
            trio.signal(rustix::process::Signal::KILL);
        }
        let _ = sweep_blocking(&self.spec.home_id, &self.directory, "agent-3");
        if !std::thread::panicking() {
            assert_eq!(self.members(), [], "the test left processes behind");
        }
    }
}

/// Guardian and supervisor of a stack, by their command lines.
pub(crate) fn trio_of(directory: &Path) -> Vec<ProcessIdentity> {
    let wanted = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|it| it.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let role = words.get(1).is_some_and(|word| *word == b"__guardian" || *word == b"__supervisor");
        role && words.get(2) == Some(&wanted.as_os_str().as_encoded_bytes())
    })
    .filter_map(ProcessIdentity::of)
    .collect()
}

/// A process that runs `sh -c SCRIPT`.
pub(crate) fn shell(script: &str) -> ProcessSpec {
    let command = vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    ProcessSpec {
        restart: RestartSpec::No,
        shutdown: StopSpec { signal: "SIGTERM".to_owned(), timeout_seconds: 2.0 },
        ..ProcessSpec::kept_running(command, "/".into())
    }
}

/// A process that plays a script of [`super::app`].
pub(crate) fn app(script: &str) -> ProcessSpec {
    let (command, environment) = super::app::app(script);
    ProcessSpec { command, environment, ..shell("") }
}

/// An application that serves HTTP on these addresses, with a probe of `port`.
pub(crate) fn server(addresses: &[&str], port: u16) -> ProcessSpec {
    let steps: Vec<String> = addresses.iter().map(|address| format!("listen {address}:{port}; ")).collect();
    ProcessSpec { readiness_probe: Some(http(port)), ports: vec![port], ..app(&(steps.concat() + "say up; wait")) }
}

/// A readiness probe by HTTP.
pub(crate) fn http(port: u16) -> ProbeSpec {
    ProbeSpec {
        check: ProbeCheckSpec::HttpGet { host: None, port, path: "/health".to_owned() },
        initial_delay_seconds: 0.0,
        period_seconds: 0.1,
        timeout_seconds: 2.0,
        success_threshold: 1,
        failure_threshold: 3,
    }
}

pub(crate) fn after(name: &str, condition: ConditionSpec) -> BTreeMap<String, DependencySpec> {
    BTreeMap::from([(name.to_owned(), DependencySpec { condition, restart: false })])
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The pids in a file that a script wrote, once they are there.
pub(crate) fn pids_in(file: &Path, count: usize) -> Vec<u32> {
    let read = || -> Vec<u32> {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    };
    wait_until("pids in a file", SHORT, || read().len() >= count);
    read()
}
