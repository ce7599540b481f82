//! P5, P6, P26: supervisor and guardian are killed.

use std::collections::BTreeMap;

use harness::supervisor::{Phase, StackSnapshot};
use harness::system::ProcessIdentity;
use rustix::process::Signal;

use super::stack::{Stack, free_port, server, shell, trio_of};
use crate::support::{SHORT, wait_until};

/// A server, and one that counts the seconds.
fn two() -> Stack {
    let port = free_port();
    Stack::new([
        ("api", server(&["127.0.0.1"], port)),
        ("worker", shell("i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done")),
    ])
}

fn pids(snapshot: &StackSnapshot) -> BTreeMap<String, ProcessIdentity> {
    let pid = |(name, process): (&String, &harness::supervisor::ProcessSnapshot)| {
        Some((name.clone(), process.process.clone()?))
    };
    snapshot.processes.iter().filter_map(pid).collect()
}

/// Kills the leader of `worker`; its end must be seen with its status, and lead to a restart.
async fn an_exit_is_still_read(stack: &Stack, before: &StackSnapshot) {
    let worker = pids(before)["worker"].clone();
    assert!(worker.signal(Signal::SEGV));
    let seen = stack.wait(|seen| seen.processes["worker"].last_exit.is_some()).await;
    assert_eq!(seen.processes["worker"].last_exit.unwrap().signal, Some(11));
}

#[tokio::test(flavor = "current_thread")]
async fn p5_a_killed_supervisor_is_replaced_and_no_process_notices() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    let mut last = before.clone();
    for _ in 0..3 {
        let began = std::time::Instant::now();
        assert!(last.supervisor.signal(Signal::KILL));
        let after = stack.wait(|seen| seen.supervisor != last.supervisor).await;
        assert!(began.elapsed().as_secs() < 5, "it took {:?}", began.elapsed());
        assert_eq!(pids(&after), pids(&before));
        assert_eq!(after.guardian, before.guardian);
        assert!(after.generation > last.generation);
        for (name, process) in &after.processes {
            assert_eq!((process.phase, process.restarts), (Phase::Ready, 0), "{name}");
        }
        let length = stack.log("worker").len();
        wait_until("the log to go on", SHORT, || stack.log("worker").len() > length);
        last = after;
    }
    assert_eq!(trio_of(&stack.directory).len(), 2);
    an_exit_is_still_read(&stack, &last).await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    wait_until("the trio to be gone", SHORT, || trio_of(&stack.directory).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn p5_a_request_under_way_is_answered_by_the_next_supervisor() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    let client = stack.client();
    let waiting = client.changed(before.generation, std::time::Duration::from_secs(20));
    let killing = async { before.supervisor.signal(Signal::KILL) };
    let (answer, _) = tokio::join!(waiting, killing);
    assert_ne!(answer.unwrap().supervisor, before.supervisor);
    client.shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p6_a_supervisor_killed_while_an_application_writes_loses_only_what_was_in_flight() {
    let lines = "i=0; while [ $i -lt 60000 ]; do echo line-$i-of-the-output; i=$((i+1)); done; sleep 600";
    let stack = Stack::new([("api", shell(lines))]);
    let mut seen = stack.start_until(Phase::Ready).await;
    let process = seen.processes["api"].process.clone();
    let mut kills = 0;
    for mark in [100_000, 400_000, 700_000] {
        wait_until("output", SHORT, || stack.log("api").len() > mark);
        assert!(seen.supervisor.signal(Signal::KILL));
        kills += 1;
        let killed = seen.supervisor.clone();
        seen = stack.wait(|seen| seen.supervisor != killed).await;
        assert_eq!(seen.processes["api"].process, process);
    }
    wait_until("the last line", SHORT, || stack.log("api").ends_with(b"line-59999-of-the-output\n"));
    let text = String::from_utf8(stack.log("api")).unwrap();
    let number = |line: &str| line.strip_prefix("line-")?.strip_suffix("-of-the-output")?.parse::<u32>().ok();
    let numbers: Vec<Option<u32>> = text.lines().map(number).collect();
    let broken = numbers.iter().filter(|number| number.is_none()).count();
    let gaps = numbers.windows(2).filter(|pair| pair[0].map(|number| number + 1) != pair[1]).count();
    assert!(broken <= kills && gaps <= 2 * kills, "{broken} broken lines, {gaps} gaps");
    // in flight is what had been read from the pipe and not yet been written: one read of 64 KiB
    let kept: std::collections::BTreeSet<u32> = numbers.iter().flatten().copied().collect();
    assert_eq!(kept.len(), numbers.iter().flatten().count(), "no line is there twice");
    let most = kills * (65536 / "line-10000-of-the-output\n".len() + 2);
    assert!(60_000 - kept.len() <= most, "{} lines are lost, {kills} deaths", 60_000 - kept.len());
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p26_a_killed_guardian_is_replaced_and_no_process_notices() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    let mut last = before.clone();
    // the second time, the processes have no parent of ours any more
    for round in 0..2 {
        assert!(last.guardian.clone().unwrap().signal(Signal::KILL));
        let after = stack.wait(|seen| seen.guardian.is_some() && seen.guardian != last.guardian).await;
        assert_eq!(after.guardian.as_ref(), Some(&last.supervisor), "the supervisor took its place");
        assert_ne!(after.supervisor, last.supervisor);
        assert_eq!(pids(&after), pids(&before), "round {round}");
        assert!(after.processes.values().all(|process| process.phase == Phase::Ready && process.restarts == 0));
        assert_eq!(trio_of(&stack.directory).len(), 2);
        let length = stack.log("worker").len();
        wait_until("the log to go on", SHORT, || stack.log("worker").len() > length);
        last = after;
    }
    assert!(!last.tracking.contains(&"subreaper".to_owned()));
    let stopped = stack.client().stop(&["worker".to_owned()]).await.unwrap();
    assert_eq!(stopped.processes["worker"].phase, Phase::Stopped);
    assert_eq!(stopped.processes["api"].phase, Phase::Ready);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p26_exit_statuses_survive_the_death_of_both_one_after_the_other() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    assert!(before.supervisor.signal(Signal::KILL));
    let second = stack.wait(|seen| seen.supervisor != before.supervisor).await;
    assert!(second.guardian.clone().unwrap().signal(Signal::KILL));
    let third = stack.wait(|seen| seen.guardian.is_some() && seen.guardian != second.guardian).await;
    assert_eq!(pids(&third), pids(&before));
    // init reaped it: the status is told where the kernel tells it to whoever holds a pidfd (Linux 6.15)
    assert!(pids(&third)["worker"].signal(Signal::SEGV));
    let seen = stack.wait(|seen| seen.processes["worker"].last_exit.is_some()).await;
    let exit = seen.processes["worker"].last_exit.unwrap();
    assert!(exit.signal == Some(11) || (exit.code, exit.signal) == (None, None), "{exit:?}");
    stack
        .wait(|seen| seen.processes["worker"].phase == Phase::Ready || seen.processes["worker"].phase == Phase::Failed)
        .await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p26_after_the_death_of_both_at_once_the_next_start_leaves_no_orphan_and_no_duplicate() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    for identity in [before.guardian.clone().unwrap(), before.supervisor.clone()] {
        assert!(identity.signal(Signal::STOP));
    }
    for identity in [before.guardian.clone().unwrap(), before.supervisor.clone()] {
        assert!(identity.signal(Signal::KILL));
    }
    wait_until("both to be gone", SHORT, || trio_of(&stack.directory).is_empty());
    // a process that is ending loses its name before its sockets
    wait_until("nobody to answer", SHORT, || harness::supervisor::Client::connect(&stack.directory).unwrap().is_none());
    let orphan = pids(&before)["worker"].clone();
    assert!(pids(&before)["api"].is_alive(), "an application dies with nobody");

    let started = stack.start().await;
    assert!(started.fresh);
    assert!(started.swept.killed.contains(&pids(&before)["api"]), "{:?}", started.swept);
    assert!(!orphan.is_alive());
    let after = stack.wait(|seen| seen.processes.values().all(|process| process.phase == Phase::Ready)).await;
    assert_eq!(trio_of(&stack.directory).len(), 2);
    wait_until("one leader each", SHORT, || {
        let leaders = pids(&after);
        stack.members().iter().filter(|member| leaders.values().any(|leader| leader == *member)).count() == 2
    });
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p26_a_teardown_after_the_death_of_both_sweeps() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    for identity in [before.supervisor.clone(), before.guardian.clone().unwrap()] {
        assert!(identity.signal(Signal::STOP));
    }
    for identity in [before.supervisor.clone(), before.guardian.clone().unwrap()] {
        assert!(identity.signal(Signal::KILL));
    }
    wait_until("both to be gone", SHORT, || trio_of(&stack.directory).is_empty());
    let report = harness::supervisor::sweep_blocking(&stack.spec.home_id, &stack.directory, "agent-3").unwrap();
    assert_eq!(report.survivors, []);
    assert!(stack.members().is_empty());
}
