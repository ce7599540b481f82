//! P5: a supervisor dies between the moment a command finds it and the moment it is asked. The socket of a process that
//! was killed goes on accepting until the kernel has taken it apart.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::process::Signal;

use super::trio_of;
use crate::support::{Outcome, SHORT, TestHome, TestProject, wait_until};

/// Accepts one connection on a stack's socket, closes the socket and hangs up: what a command meets of a supervisor that
/// was killed just before.
struct Dying {
    socket: PathBuf,
    was_found: Arc<AtomicBool>,
    end: Option<JoinHandle<()>>,
}

impl Dying {
    fn in_place_of(directory: &Path) -> Self {
        let socket = directory.join("supervisor.sock");
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let was_found = Arc::new(AtomicBool::new(false));
        let found = was_found.clone();
        let end = std::thread::spawn(move || {
            let connection = listener.accept();
            drop(listener);
            found.store(true, Ordering::SeqCst);
            drop(connection);
        });
        Self { socket, was_found, end: Some(end) }
    }

    #[track_caller]
    fn assert_found(&self, outcome: &Outcome) {
        assert!(self.was_found.load(Ordering::SeqCst), "it did not ask the supervisor\n{outcome}");
    }
}

impl Drop for Dying {
    fn drop(&mut self) {
        let _ = UnixStream::connect(&self.socket);
        let _ = self.end.take().map(JoinHandle::join);
    }
}

fn kill_trio(directory: &Path) {
    let trio = trio_of(directory);
    assert_eq!(trio.len(), 2, "{}", directory.display());
    assert!(trio.iter().all(|one| one.signal(Signal::STOP)));
    assert!(trio.iter().all(|one| one.signal(Signal::KILL)));
    wait_until("both to be gone", SHORT, || trio_of(directory).is_empty());
}

#[track_caller]
fn met(project: &TestProject<'_>, directory: &Path, arguments: &[&str]) -> Outcome {
    let dying = Dying::in_place_of(directory);
    let outcome = project.harness(arguments.iter().copied()).run();
    dying.assert_found(&outcome);
    assert!(!outcome.stderr.contains("no supervisor runs"), "{outcome}");
    outcome
}

#[test]
fn p5_a_supervisor_that_dies_as_it_is_asked_counts_as_dead() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let (agent, infra) = (home.path().join("agents/3"), home.path().join("infra"));
    kill_trio(&agent);

    let status = met(&project, &agent, &["status", "3", "--json"]).succeeds().json();
    assert_eq!(
        (&status["agents"][0]["state"], &status["agents"][0]["error"]),
        (&"stopped".into(), &().into()),
        "{status}"
    );
    let doctor = met(&project, &agent, &["doctor"]);
    assert!(doctor.stdout.contains("its processes are not up"), "{doctor}");
    for verb in [&["health", "3"][..], &["stats", "3"], &["wait", "3"], &["stop", "3"], &["restart", "3"]] {
        met(&project, &agent, verb).exits_with(5).says("run `harness launch 3`");
    }
    met(&project, &agent, &["wait", "3", "--for", "stopped"]).succeeds();
    let dry = met(&project, &agent, &["teardown", "3", "--dry-run"]).succeeds();
    assert!(dry.stdout.contains("agent_3"), "{dry}");
    met(&project, &agent, &["launch", "3"]).succeeds();

    kill_trio(&infra);
    met(&project, &infra, &["infra", "ps"]).succeeds();
    met(&project, &infra, &["setup"]).succeeds();
    kill_trio(&infra);
    met(&project, &infra, &["launch", "3"]).succeeds();
    assert!(project.query(3, "select count(*) from items").is_ok());
    kill_trio(&agent);
    met(&project, &agent, &["teardown", "3"]).succeeds();
    kill_trio(&infra);
    met(&project, &infra, &["teardown", "--infra"]).succeeds();
}
