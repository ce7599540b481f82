//! P30: children that changed session and wiped their environment end with their leader, however it ends.

use harness::supervisor::{Phase, ProcessSpec, RestartSpec};
use harness::system::{ProcessIdentity, is_bindable};
use rustix::process::Signal;

use super::stack::{Stack, app, free_port, pids_in, shell};
use crate::support::{Decoy, SHORT, wait_until};

/// A leader that starts a server in a session of its own with an empty environment, and waits for it.
fn escaping(port: u16, file: &std::path::Path) -> ProcessSpec {
    let script = format!(
        "import os,socket,time; open('{}','a').write(str(os.getpid())+chr(10)); \
         s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(('127.0.0.1',{port})); \
         s.listen(); time.sleep(600)",
        file.display()
    );
    let mut process = shell(&format!("env -i setsid /usr/bin/env python3 -c \"{script}\" >/dev/null 2>&1 & wait"));
    process.ports = vec![port];
    (process.restart, process.max_restarts) = (RestartSpec::OnFailure, 5);
    process
}

async fn survives(kill_guardian_first: bool) {
    let place = tempfile::tempdir().unwrap();
    let (port, file) = (free_port(), place.path().join("pids"));
    // decoys: another process of the same stack, and one of no stack
    let other = shell("env -i setsid sleep 600 & wait");
    let stack = Stack::new([("api", escaping(port, &file)), ("other", other)]);
    let mut decoy = Decoy::sleeping("agent-3-api");
    let mut seen = stack.start_until(Phase::Ready).await;
    let others = seen.processes["other"].process.clone();
    if kill_guardian_first {
        assert!(seen.guardian.clone().unwrap().signal(Signal::KILL));
        let before = seen.guardian.clone();
        seen = stack.wait(|later| later.guardian.is_some() && later.guardian != before).await;
    }
    let first = ProcessIdentity::of(pids_in(&file, 1)[0]).unwrap();

    // a crash
    let leader = seen.processes["api"].process.clone().unwrap();
    assert!(leader.signal(Signal::KILL));
    let seen =
        stack.wait(|later| later.processes["api"].restarts == 1 && later.processes["api"].phase == Phase::Ready).await;
    assert!(!first.is_alive(), "the child of the crashed leader lives");
    let second = ProcessIdentity::of(pids_in(&file, 2)[1]).unwrap();
    assert_eq!(seen.processes["other"].process, others);

    // a restart
    stack.client().restart(&["api".to_owned()]).await.unwrap();
    wait_until("a third child", SHORT, || pids_in(&file, 2).len() == 3);
    assert!(!second.is_alive());
    let third = ProcessIdentity::of(pids_in(&file, 3)[2]).unwrap();

    // a stop
    stack.client().stop(&["api".to_owned()]).await.unwrap();
    assert!(!third.is_alive() && is_bindable(port));
    assert_eq!(stack.client().snapshot().await.unwrap().processes["other"].process, others);
    decoy.assert_alive();
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    wait_until("everything to be gone", SHORT, || stack.members().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn p30_an_escaped_child_ends_with_its_leader_on_crash_restart_and_stop() {
    survives(false).await;
}

#[tokio::test(flavor = "current_thread")]
async fn p30_also_after_a_guardian_died() {
    survives(true).await;
}

#[tokio::test(flavor = "current_thread")]
async fn p30_also_after_guardian_and_supervisor_died() {
    let place = tempfile::tempdir().unwrap();
    let (port, file) = (free_port(), place.path().join("pids"));
    let stack = Stack::new([("api", escaping(port, &file)), ("other", app("wait"))]);
    let seen = stack.start_until(Phase::Ready).await;
    let child = ProcessIdentity::of(pids_in(&file, 1)[0]).unwrap();
    for identity in [seen.guardian.clone().unwrap(), seen.supervisor.clone()] {
        identity.signal(Signal::STOP);
    }
    for identity in [seen.guardian.unwrap(), seen.supervisor] {
        identity.signal(Signal::KILL);
    }
    let report = harness::supervisor::sweep_blocking(&stack.spec.home_id, &stack.directory, "agent-3").unwrap();
    assert!(report.killed.contains(&child) && report.survivors.is_empty(), "{report:?}");
    wait_until("the port to be free", SHORT, || is_bindable(port));
}
