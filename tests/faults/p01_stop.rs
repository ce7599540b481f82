//! P1, P2, P3: stopping a process stops its tree.

use harness::supervisor::Phase;
use harness::system::ProcessIdentity;

use super::stack::{Stack, pids_in, shell};

#[tokio::test(flavor = "current_thread")]
async fn p1_a_child_that_ignores_term_is_stopped_with_its_leader() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pids");
    let script = format!(
        "sh -c 'trap \"\" TERM; echo $$ >> {0}; while :; do sleep 1; done' & echo $! $$ >> {0}; wait",
        file.display()
    );
    let mut process = shell(&script);
    process.shutdown.timeout_seconds = 0.3;
    let stack = Stack::new([("api", process)]);
    stack.start_until(Phase::Ready).await;
    let pids = pids_in(&file, 3);
    let mut decoy = std::process::Command::new("sleep").arg("600").spawn().unwrap();

    let after = stack.client().stop(&[]).await.unwrap();
    assert_eq!(after.processes["api"].phase, Phase::Stopped);
    for pid in pids {
        assert_eq!(ProcessIdentity::of(pid), None, "{pid} lives");
    }
    assert!(decoy.try_wait().unwrap().is_none(), "a stranger was hit");
    decoy.kill().unwrap();
    decoy.wait().unwrap();
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}
