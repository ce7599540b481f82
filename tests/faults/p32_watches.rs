//! P32: a watched path that is removed and made again, a glob, and what cannot be watched.

use std::fs;
use std::path::PathBuf;

use harness::supervisor::{Phase, WatchSpec};

use super::stack::{PATIENCE, Stack, shell};
use crate::support::wait_until;

fn watching(paths: Vec<PathBuf>) -> Stack {
    let mut process = shell("echo start; exec sleep 600");
    process.watch = Some(WatchSpec { paths, ignore: Vec::new(), debounce_seconds: 0.1 });
    Stack::new([("api", process)])
}

fn starts(stack: &Stack) -> usize {
    String::from_utf8(stack.log("api")).unwrap().lines().filter(|line| *line == "start").count()
}

/// Waits for one more start than `before`, or for several when a build came in pieces.
fn restarted(stack: &Stack, before: usize) -> usize {
    wait_until("a restart", PATIENCE, || starts(stack) > before);
    starts(stack)
}

#[tokio::test(flavor = "current_thread")]
async fn p32_changes_are_seen_after_a_clean_build() {
    let place = tempfile::tempdir().unwrap();
    let dist = place.path().join("dist");
    // git leaves it out, and yet it is named
    fs::create_dir(place.path().join(".git")).unwrap();
    fs::write(place.path().join(".gitignore"), "dist/\n").unwrap();
    fs::create_dir(&dist).unwrap();
    let stack = watching(vec![dist.clone()]);
    stack.start_until(Phase::Ready).await;
    let mut count = starts(&stack);
    for round in 0..3 {
        fs::remove_dir_all(&dist).unwrap();
        fs::create_dir_all(dist.join("deep")).unwrap();
        fs::write(dist.join("deep/index.js"), "1").unwrap();
        count = restarted(&stack, count);
        stack.wait(|seen| seen.processes["api"].phase == Phase::Ready).await;
        // and after it is quiet again, a single file
        fs::write(dist.join("deep/index.js"), format!("{round}")).unwrap();
        count = restarted(&stack, count);
        stack.wait(|seen| seen.processes["api"].phase == Phase::Ready).await;
    }
    // renamed away and replaced, as atomic builds do
    fs::create_dir(place.path().join("next")).unwrap();
    fs::rename(&dist, place.path().join("old")).unwrap();
    fs::rename(place.path().join("next"), &dist).unwrap();
    count = restarted(&stack, count);
    stack.wait(|seen| seen.processes["api"].phase == Phase::Ready).await;
    fs::write(dist.join("index.js"), "2").unwrap();
    restarted(&stack, count);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p32_a_glob_is_watched_and_what_does_not_exist_yet_is_shown() {
    let place = tempfile::tempdir().unwrap();
    let dist = place.path().join("dist");
    let stack = watching(vec![dist.join("**/*.js")]);
    let seen = stack.start_until(Phase::Ready).await;
    let reason = seen.processes["api"].reason.clone().unwrap_or_default();
    assert!(reason.contains("does not exist yet") && reason.contains("dist"), "{reason}");
    let count = starts(&stack);
    fs::create_dir_all(dist.join("deep")).unwrap();
    fs::write(dist.join("deep/index.js"), "1").unwrap();
    let count = restarted(&stack, count);
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::Ready).await;
    assert_eq!(seen.processes["api"].reason, None);
    // a decoy does not count, what matches does
    fs::write(dist.join("deep/style.css"), "1").unwrap();
    fs::write(dist.join("deep/index.js"), "2").unwrap();
    restarted(&stack, count);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p32_a_path_that_is_no_glob_is_refused() {
    let stack = watching(vec!["/nowhere/[".into()]);
    let error = stack.launcher.start(&stack.directory, &stack.spec).await.unwrap_err();
    assert!(error.to_string().contains("cannot be watched"), "{error}");
}
