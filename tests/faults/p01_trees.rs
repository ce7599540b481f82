//! P1 to P4: a process is more than its leader.

use harness::supervisor::Phase;
use harness::system::{ProcessIdentity, is_bindable};

use super::stack::{Stack, app, free_port, pids_in, shell};
use crate::support::{Decoy, SHORT, wait_until};

#[tokio::test(flavor = "current_thread")]
async fn p1_a_child_that_ignores_term_is_stopped_with_its_leader() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pids");
    let child = "trap '' TERM; echo $$ >> $FILE; while :; do sleep 1; done";
    let mut process = shell(&format!("sh -c \"{}\" & echo $$ >> $FILE; wait", child.replace('$', "\\$")));
    process.environment.insert("FILE".to_owned(), file.display().to_string());
    process.shutdown.timeout_seconds = 0.3;
    let stack = Stack::new([("api", process)]);
    stack.start_until(Phase::Ready).await;
    let pids = pids_in(&file, 2);
    let mut decoy = Decoy::sleeping("agent-3-api");

    let after = stack.client().stop(&[]).await.unwrap();
    assert_eq!(after.processes["api"].phase, Phase::Stopped);
    for pid in pids {
        assert_eq!(ProcessIdentity::of(pid), None, "{pid} lives");
    }
    decoy.assert_alive();
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p2_the_port_is_free_after_the_stop_of_a_wrapper() {
    let port = free_port();
    let mut process = app(&format!("listen 127.0.0.1:{port}; wait"));
    // the wrapper knows nothing of its child and does not pass signals on
    let inner = process.command.join(" ");
    process.command = vec!["sh".to_owned(), "-c".to_owned(), format!("{inner} & wait; true")];
    process.ports = vec![port];
    let stack = Stack::new([("web", process)]);
    stack.start_until(Phase::Ready).await;
    assert!(!is_bindable(port));

    stack.client().stop(&[]).await.unwrap();
    assert!(is_bindable(port));
    stack.client().start(&[]).await.unwrap();
    let again = stack.wait(|seen| seen.processes["web"].phase == Phase::Ready).await;
    assert_eq!(again.processes["web"].restarts, 0);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    assert!(is_bindable(port));
}

#[tokio::test(flavor = "current_thread")]
async fn p3_a_grandchild_with_a_session_and_environment_of_its_own_is_stopped() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pids");
    // once with a session of its own, once forked twice, once with a wiped environment as well
    let script = "setsid sh -c 'echo $$ >> $FILE; sleep 600' & \
                  (setsid sh -c 'echo $$ >> $FILE; sleep 600' &) & \
                  (setsid env -i sh -c \"echo \\$\\$ >> $FILE; sleep 600\" &) & wait; sleep 600";
    let mut process = shell(script);
    process.environment.insert("FILE".to_owned(), file.display().to_string());
    let stack = Stack::new([("api", process)]);
    stack.start_until(Phase::Ready).await;
    let pids = pids_in(&file, 3);
    let identities: Vec<_> = pids.iter().map(|pid| ProcessIdentity::of(*pid).unwrap()).collect();

    // the wiped orphan goes with its process, and not only with the stack
    let stopped = stack.client().stop(&["api".to_owned()]).await.unwrap();
    assert_eq!(stopped.processes["api"].phase, Phase::Stopped);
    assert!(identities.iter().all(|identity| !identity.is_alive()));
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    assert!(identities.iter().all(|identity| !identity.is_alive()));
}

#[tokio::test(flavor = "current_thread")]
async fn p4_an_exit_is_seen_although_a_grandchild_keeps_stdout() {
    let stack = Stack::new([("api", shell("sleep 600 & echo started; exit 4"))]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::Failed).await;
    assert_eq!(seen.processes["api"].last_exit.unwrap().code, Some(4));
    assert!(stack.log("api").starts_with(b"started\n"));
    wait_until("the grandchild to be gone", SHORT, || stack.members().is_empty());
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p4_what_a_completed_process_left_running_is_stopped_when_that_is_asked() {
    let stack = Stack::new([("daemon", shell("sleep 600 & exit 0"))]);
    stack.start().await;
    stack.wait(|seen| seen.processes["daemon"].phase == Phase::Completed).await;
    assert_eq!(stack.members().len(), 1, "what a program leaves behind in good order is left alone");
    stack.client().stop(&[]).await.unwrap();
    assert!(stack.members().is_empty());
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}
