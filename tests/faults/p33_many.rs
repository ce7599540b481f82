//! P33: what is done for each process costs the same however many there are.

use std::time::{Duration, Instant};

use harness::supervisor::Phase;
use rustix::process::Signal;

use super::stack::{Stack, shell};

fn many(count: usize) -> Stack {
    let mut stack = Stack::new([]);
    let mut process = shell("");
    process.command = vec!["sleep".to_owned(), "600".to_owned()];
    stack.spec.processes = (0..count).map(|number| (format!("p{number}"), process.clone())).collect();
    stack
}

/// How long a stop takes, of a stack whose guardian died once: then each look reads the whole of `/proc`.
async fn stop_of(count: usize) -> Duration {
    let stack = many(count);
    let before = stack.start_until(Phase::Ready).await;
    assert!(before.guardian.clone().unwrap().signal(Signal::KILL));
    stack.wait(|seen| seen.guardian.is_some() && seen.guardian != before.guardian).await;
    let began = Instant::now();
    let stopped = stack.client().stop(&[]).await.unwrap();
    let took = began.elapsed();
    assert!(stopped.processes.values().all(|process| process.phase == Phase::Stopped));
    let began = Instant::now();
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    assert!(began.elapsed() < Duration::from_secs(5), "a shutdown of nothing took {:?}", began.elapsed());
    took
}

#[tokio::test(flavor = "current_thread")]
async fn p33_a_stop_grows_with_the_number_of_processes_and_not_with_its_square() {
    let few = stop_of(50).await;
    let many = stop_of(400).await;
    // eight times as many; 64 times as long if it were the square
    let most = (few * 24).max(Duration::from_secs(4));
    assert!(many < most, "50 processes took {few:?}, 400 took {many:?}");
}
