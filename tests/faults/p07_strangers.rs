//! P7 to P11: what is recorded is not believed blindly, and two commands do not make two supervisors.

use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;

use harness::supervisor::{Client, Phase};
use harness::system::{Home, ProcessIdentity};

use super::stack::{Stack, shell, trio_of};
use crate::support::{Decoy, SHORT, wait_until};

/// Writes what a trio that died would have left.
fn leave_record(stack: &Stack, identity: &ProcessIdentity) {
    std::fs::create_dir_all(&stack.directory).unwrap();
    let record = serde_json::json!({ "version": 1, "processes": { "api": identity } });
    std::fs::write(stack.directory.join("supervisor.json"), record.to_string()).unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p7_a_recorded_pid_that_is_somebody_elses_now_is_not_signalled() {
    let mut decoy = Decoy::sleeping("agent-3-api");
    let identity = ProcessIdentity::of(decoy.pid()).unwrap();
    let stack = Stack::new([("api", shell("sleep 600"))]);
    leave_record(&stack, &ProcessIdentity { start_time: identity.start_time - 1, ..identity });
    let started = stack.start().await;
    assert_eq!(started.swept.killed, []);
    decoy.assert_alive();
    stack.client().shutdown().await.unwrap();
    decoy.assert_alive();
}

#[tokio::test(flavor = "current_thread")]
async fn p7_a_look_alike_marker_is_a_strangers() {
    let stack = Stack::new([("api", shell("sleep 600"))]);
    let home = &stack.spec.home_id;
    let mut others: Vec<Decoy> = [format!("{home}/agent-33"), format!("{home}/agent-"), "0/agent-3".to_owned()]
        .iter()
        .map(|marker| Decoy::shell(&format!("exec env HARNESS_STACK={marker} HARNESS_PROCESS=api sleep 600")))
        .collect();
    stack.start_until(Phase::Ready).await;
    stack.client().shutdown().await.unwrap();
    harness::supervisor::sweep_blocking(home, &stack.directory, "agent-3").unwrap();
    others.iter_mut().for_each(Decoy::assert_alive);
}

#[tokio::test(flavor = "current_thread")]
async fn p8_a_record_from_before_a_reboot_means_stopped() {
    let mut decoy = Decoy::sleeping("agent-3-api");
    let identity = ProcessIdentity::of(decoy.pid()).unwrap();
    let stack = Stack::new([("api", shell("sleep 600"))]);
    leave_record(&stack, &ProcessIdentity { boot_id: "00000000-another-boot".to_owned(), ..identity });
    assert!(Client::connect(&stack.directory).unwrap().is_none());
    let started = stack.start().await;
    assert_eq!((started.fresh, started.swept.killed), (true, Vec::new()));
    decoy.assert_alive();
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p9_two_starts_at_once_make_one_supervisor() {
    let stack = Stack::new([("api", shell("sleep 600"))]);
    let (one, two) = tokio::join!(stack.start(), stack.start());
    assert_eq!(usize::from(one.fresh) + usize::from(two.fresh), 1);
    assert_eq!(one.snapshot.supervisor, two.snapshot.supervisor);
    // and once more, from threads that do not take turns
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                assert!(!runtime.block_on(stack.start()).fresh);
            });
        }
    });
    assert_eq!(trio_of(&stack.directory).len(), 2);
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p9_a_start_during_a_shutdown_waits_and_then_starts_afresh() {
    let mut process = shell("trap '' TERM; while :; do sleep 0.1; done");
    process.shutdown.timeout_seconds = 3.0;
    let stack = Stack::new([("api", process)]);
    let first = stack.start_until(Phase::Ready).await;
    let client = stack.client();
    let starting = async {
        stack.wait(|seen| seen.processes["api"].phase == Phase::Stopping).await;
        stack.start().await
    };
    let (report, started) = tokio::join!(client.shutdown(), starting);
    assert_eq!(report.unwrap().survivors, []);
    assert!(started.fresh);
    assert_ne!(started.snapshot.supervisor, first.supervisor);
    wait_until("one trio", SHORT, || trio_of(&stack.directory).len() == 2);
    stack.client().shutdown().await.unwrap();
}

#[test]
fn p10_the_place_of_a_stack_does_not_depend_on_temporary_directories() {
    let home = |temporary: &'static str| {
        Home::locate(move |name| match name {
            "HARNESS_HOME" => Some("/somewhere/state".to_owned()),
            "TMPDIR" | "XDG_RUNTIME_DIR" => Some(temporary.to_owned()),
            _ => None,
        })
        .unwrap()
    };
    assert_eq!(home("/tmp/one"), home("/tmp/two"));
}

#[tokio::test(flavor = "current_thread")]
async fn p11_a_stale_socket_lock_and_record_are_replaced() {
    let stack = Stack::new([("api", shell("sleep 600"))]);
    std::fs::create_dir_all(&stack.directory).unwrap();
    // a listener that is closed leaves its file behind
    drop(UnixListener::bind(stack.directory.join("supervisor.sock")).unwrap());
    std::fs::write(stack.directory.join("supervisor.lock"), "4711 something").unwrap();
    std::fs::write(stack.directory.join("supervisor.json"), "{ torn").unwrap();
    assert!(Client::connect(&stack.directory).unwrap().is_none());
    let started = stack.start().await;
    assert!(started.fresh);
    assert_eq!(std::fs::metadata(stack.directory.join("supervisor.sock")).unwrap().mode() & 0o777, 0o600);
    stack.client().shutdown().await.unwrap();
    assert!(!stack.directory.join("supervisor.sock").exists());
}
