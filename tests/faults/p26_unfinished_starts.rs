//! P5, P26: supervisor and guardian are killed while many processes are being started, some of them forked and not
//! yet executed.

use std::time::{Duration, Instant};

use harness::supervisor::Phase;
use harness::system::ProcessIdentity;
use rand::RngExt;
use rustix::process::Signal;

use super::stack::{Stack, shell, trio_of};
use crate::support::{Decoy, SHORT, wait_until};

/// Enough for a kill to hit between `fork` and `exec` of one of them.
const PROCESSES: usize = 40;

const ROUNDS: usize = 15;

fn forty() -> Stack {
    let mut stack = Stack::new([]);
    let names = (0..PROCESSES).map(|number| (format!("p{number}"), shell("exec sleep 600")));
    stack.spec.processes = names.collect();
    stack
}

#[tokio::test(flavor = "current_thread")]
async fn p26_a_start_of_forty_with_both_killed_leaves_nothing_that_holds_the_stack() {
    let stack = forty();
    let mut decoy = Decoy::sleeping("agent-3-p0");
    for round in 0..ROUNDS {
        let starting = stack.start().await;
        let started = rand::rng().random_range(0..=PROCESSES);
        wait_until("some of the processes", SHORT, || stack.members().len() >= started);
        let snapshot = starting.snapshot;
        let mut both: Vec<ProcessIdentity> = snapshot.guardian.into_iter().chain([snapshot.supervisor]).collect();
        if round % 2 == 1 {
            both.reverse();
        }
        for identity in &both {
            identity.signal(Signal::KILL);
        }
        // what is next must work: a start in every other round, else a sweep as of a teardown
        let began = Instant::now();
        if round % 3 == 0 {
            harness::supervisor::sweep_blocking(&stack.spec.home_id, &stack.directory, "agent-3").unwrap();
        }
        let again = stack.start().await;
        assert!(began.elapsed() < Duration::from_secs(20), "round {round}, {started} started: {:?}", began.elapsed());
        assert!(again.swept.survivors.is_empty(), "round {round}: {:?}", again.swept);
        let leaders = stack.client().shutdown().await.unwrap();
        assert_eq!(leaders.survivors, [], "round {round}");
        wait_until("the trio to be gone", SHORT, || trio_of(&stack.directory).is_empty());
        assert_eq!(stack.members(), [], "round {round}, {started} started");
    }
    decoy.assert_alive();
    stack.start_until(Phase::Ready).await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p5_a_start_of_forty_with_the_supervisor_killed_comes_up_by_itself_without_a_duplicate() {
    let stack = forty();
    let mut starting = stack.start().await.snapshot;
    for _ in 0..3 {
        let started = rand::rng().random_range(0..=PROCESSES);
        wait_until("some of the processes", SHORT, || stack.members().len() >= started);
        starting.supervisor.signal(Signal::KILL);
        let killed = starting.supervisor.clone();
        starting = stack.wait(|seen| seen.supervisor != killed).await;
    }
    let up = stack.wait(|seen| seen.processes.values().all(|process| process.phase == Phase::Ready)).await;
    assert_eq!(stack.members().len(), PROCESSES);
    assert!(up.processes.values().all(|process| process.process.as_ref().is_some_and(ProcessIdentity::is_alive)));
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}
