//! A machine of one's own: a home, infra ports, a compose project. It is taken down with the test,
//! and the test fails when something is left.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::command::HarnessCommand;
use super::ports::PortBlock;
use super::processes::{listener, marked, mentioning};
use super::project::ProjectBuilder;
use super::wait::{LONG, wait_until};

/// The variables that move the infra's ports, in the order of the block's ports.
const PORT_VARIABLES: [&str; 6] = [
    "AGENT_DB_PORT",
    "AGENT_MINIO_PORT",
    "AGENT_MINIO_CONSOLE_PORT",
    "AGENT_BROWSER_PORT",
    "AGENT_MAILPIT_SMTP_PORT",
    "AGENT_MAILPIT_WEB_PORT",
];

/// A machine of one's own.
pub(crate) struct TestHome {
    directory: TempDir,
    ports: PortBlock,
    compose_project: String,
}

/// The engine of projects that do not ask for another one: `HARNESS_TEST_ENGINE=docker` runs the same tests on
/// containers.
pub(super) fn engine() -> &'static str {
    if std::env::var("HARNESS_TEST_ENGINE").as_deref() == Ok("docker") { "docker" } else { "native" }
}

impl TestHome {
    /// Makes one. Nothing is started yet.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("harness-test-").tempdir_in("/tmp").expect("make a directory");
        // the user that the native servers run as must be able to pass
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).expect("open the directory");
        let ports = PortBlock::lease();
        let compose_project = format!("harness-test-{}", ports.infra(0));
        fs::create_dir(directory.path().join("projects")).expect("make a directory");
        Self { directory, ports, compose_project }
    }

    /// The directory that harness keeps its state in; it may not exist yet.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// A directory for whatever a test needs; removed with the home.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The home's id, once harness has made the home.
    pub(crate) fn id(&self) -> Option<String> {
        let text = fs::read_to_string(self.path().join("home.json")).ok()?;
        let document: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(document.get("id")?.as_str()?.to_owned())
    }

    /// The port of the database server.
    pub(crate) fn database_port(&self) -> u16 {
        self.ports.infra(0)
    }

    /// The port of the S3 server.
    pub(crate) fn s3_port(&self) -> u16 {
        self.ports.infra(1)
    }

    /// The port of the browser.
    pub(crate) fn browser_port(&self) -> u16 {
        self.ports.infra(3)
    }

    /// The port that takes mail.
    pub(crate) fn smtp_port(&self) -> u16 {
        self.ports.infra(4)
    }

    /// The port that shows mail.
    pub(crate) fn mail_web_port(&self) -> u16 {
        self.ports.infra(5)
    }

    /// All ports of this machine.
    pub(crate) fn ports(&self) -> &PortBlock {
        &self.ports
    }

    /// The compose project of the docker engine.
    pub(crate) fn compose_project(&self) -> &str {
        &self.compose_project
    }

    /// A project on this machine.
    pub(crate) fn project(&self, name: &str) -> ProjectBuilder<'_> {
        ProjectBuilder::new(self, name)
    }

    /// A call of harness outside of any project.
    pub(crate) fn harness<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> HarnessCommand {
        HarnessCommand::new(self.directory.path(), self.environment()).args(arguments)
    }

    /// The environment of calls: the caller's search path and home, this machine's ports, nothing else.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> =
            ["PATH", "HOME", "USER", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "DOCKER_HOST"]
                .into_iter()
                .filter_map(|name| Some((name.into(), std::env::var_os(name)?)))
                .collect();
        environment.push(("LANG".into(), "C.UTF-8".into()));
        environment.push(("HARNESS_HOME".into(), self.path().into()));
        for (number, name) in (0..).zip(PORT_VARIABLES) {
            environment.push((name.into(), self.ports.infra(number).to_string().into()));
        }
        environment
    }

    /// Kills the supervisor and the guardian of an agent, so that nothing watches its tree.
    pub(crate) fn kill_supervisor(&self, agent: u8) {
        let directory = self.path().join("agents").join(agent.to_string());
        let word = format!("{} ", directory.display());
        let trio = || mentioning(&directory).into_iter().filter(|(_, command)| command.contains(&word));
        wait_until("supervisor and guardian are dead", LONG, || {
            for process in trio().filter_map(|(pid, _)| harness::system::ProcessIdentity::of(pid)) {
                process.signal(rustix::process::Signal::KILL);
            }
            trio().next().is_none()
        });
    }

    /// Kills the supervisor of an agent, and waits until its guardian has started another.
    pub(crate) fn replace_supervisor(&self, agent: u8) {
        let before = self.supervisor(agent).expect("a supervisor");
        harness::system::ProcessIdentity::of(before).unwrap().signal(rustix::process::Signal::KILL);
        wait_until("the next supervisor", LONG, || self.supervisor(agent).is_some_and(|pid| pid != before));
    }

    fn supervisor(&self, agent: u8) -> Option<u32> {
        let directory = self.path().join("agents").join(agent.to_string()).canonicalize().unwrap();
        let words = format!("__supervisor {} ", directory.display());
        mentioning(&directory).into_iter().find(|(_, command)| command.contains(&words)).map(|(pid, _)| pid)
    }

    /// What is left of this machine: processes by marker and by path, servers by port.
    pub(crate) fn remains(&self) -> Vec<String> {
        let mut remains = Vec::new();
        if let Some(id) = self.id() {
            remains
                .extend(marked(&format!("{id}/")).into_iter().map(|(pid, it)| format!("marked process {pid}: {it}")));
        }
        remains.extend(mentioning(&self.path()).into_iter().map(|(pid, it)| format!("process {pid}: {it}")));
        let ports = (0..6).map(|number| self.ports.infra(number));
        remains.extend(ports.filter_map(|port| {
            let (pid, command) = listener(port)?;
            Some(format!("port {port} is held by {pid}: {command}"))
        }));
        remains
    }

    /// Waits until work trees that were torn down are deleted, which a process does in the background.
    fn await_removals(&self) {
        let removed = self.path().join("removed");
        let deadline = Instant::now() + LONG;
        while fs::read_dir(&removed).is_ok_and(|mut entries| entries.next().is_some()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes everything down and says what could not be.
    fn take_down(&self) -> Vec<String> {
        let mut trouble = Vec::new();
        for arguments in [&["teardown", "--all", "--force"][..], &["teardown", "--infra", "--volumes"][..]] {
            if !self.path().exists() {
                break;
            }
            let outcome = self.harness(arguments.iter().copied()).run();
            if outcome.code != Some(0) {
                trouble.push(outcome.to_string());
            }
            self.await_removals();
        }
        // whatever happened above, no process of a test may outlive it
        let remains = self.remains();
        if let (false, Some(id)) = (remains.is_empty(), self.id()) {
            for (pid, _) in marked(&format!("{id}/")) {
                if let Some(process) = harness::system::ProcessIdentity::of(pid) {
                    process.signal(rustix::process::Signal::KILL);
                }
            }
        }
        trouble.extend(remains);
        trouble
    }
}

impl Drop for TestHome {
    fn drop(&mut self) {
        // when the test has failed already, its own message counts
        let failed = std::thread::panicking();
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.take_down())) {
            Ok(trouble) if failed || trouble.is_empty() => {}
            Ok(trouble) => panic!("the test left something behind:\n{}", trouble.join("\n")),
            Err(_) if failed => {}
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}
