//! P12, P13, P14: what depends on what.

use std::collections::BTreeMap;

use harness::supervisor::{ConditionSpec, DependencySpec, Phase, RestartSpec};
use rustix::process::Signal;

use crate::support::{SHORT, wait_until};

use super::stack::{Stack, after, free_port, http, shell};

#[tokio::test(flavor = "current_thread")]
async fn p12_what_waits_for_a_dependency_can_be_stopped_and_restarted() {
    let place = tempfile::tempdir().unwrap();
    let mut db = shell("until [ -e go ]; do sleep 0.02; done; echo open; sleep 600");
    db.working_dir = place.path().to_owned();
    db.ready_log_line = Some("^open$".to_owned());
    let mut api = shell("echo run; sleep 600");
    api.depends_on = after("db", ConditionSpec::ProcessHealthy);
    let stack = Stack::new([("api", api), ("db", db)]);
    stack.start().await;
    stack
        .wait(|seen| seen.processes["api"].phase == Phase::Waiting && seen.processes["db"].phase == Phase::Starting)
        .await;
    let name = ["api".to_owned()];
    assert_eq!(stack.client().stop(&name).await.unwrap().processes["api"].phase, Phase::Stopped);
    stack.client().restart(&name).await.unwrap();
    let seen = stack.client().restart(&name).await.unwrap();
    assert_eq!(seen.processes["api"].phase, Phase::Waiting);
    assert!(seen.processes["api"].reason.as_ref().unwrap().contains("`db`"));
    assert_eq!(stack.log("api"), b"", "it does not run before its dependency");
    std::fs::write(place.path().join("go"), "").unwrap();
    stack.wait(|seen| seen.processes.values().all(|process| process.phase == Phase::Ready)).await;
    wait_until("its output", SHORT, || !stack.log("api").is_empty());
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    assert_eq!(stack.log("api"), b"run\n", "two restarts are one start");
}

#[tokio::test(flavor = "current_thread")]
async fn p13_dependants_of_one_that_exits_before_it_is_ready_fail_with_its_last_lines() {
    let mut db = shell("echo booting; echo 'fatal: no such table' >&2; exit 3");
    db.readiness_probe = Some(http(free_port()));
    let mut api = shell("sleep 600");
    api.depends_on = after("db", ConditionSpec::ProcessHealthy);
    let stack = Stack::new([("api", api), ("db", db)]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::DependencyFailed).await;
    let reason = seen.processes["api"].reason.clone().unwrap();
    assert!(reason.contains("`db` failed: exited with status 3"), "{reason}");
    assert!(reason.contains("fatal: no such table"), "{reason}");
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p14_a_dependency_that_comes_back_takes_along_who_asked_for_it() {
    let place = tempfile::tempdir().unwrap();
    // it notes who it is, and is ready a while after
    let mut db = shell("sleep 0.3; echo $$ > db; echo open; sleep 600");
    db.ready_log_line = Some("^open$".to_owned());
    db.working_dir = place.path().to_owned();
    db.restart = RestartSpec::OnFailure;
    let on = |restart| {
        BTreeMap::from([("db".to_owned(), DependencySpec { condition: ConditionSpec::ProcessHealthy, restart })])
    };
    // it says of which database it was told that it is ready
    let mut api = shell("cat db; sleep 600");
    api.working_dir = place.path().to_owned();
    api.depends_on = on(true);
    let mut web = shell("sleep 600");
    web.depends_on = on(false);
    let stack = Stack::new([("api", api), ("db", db), ("web", web)]);
    let before = stack.start_until(Phase::Ready).await;
    let process = |seen: &harness::supervisor::StackSnapshot, name: &str| seen.processes[name].process.clone();
    process(&before, "db").unwrap().signal(Signal::KILL);
    let after = stack
        .wait(|seen| {
            process(seen, "api").is_some_and(|now| Some(now) != process(&before, "api"))
                && seen.processes["api"].phase == Phase::Ready
        })
        .await;
    assert_ne!(process(&after, "db"), process(&before, "db"));
    assert_eq!(after.processes["db"].phase, Phase::Ready);
    let pids = [&before, &after].map(|seen| format!("{}\n", process(seen, "db").unwrap().pid)).concat();
    wait_until("its second run to speak", SHORT, || stack.log("api").len() >= pids.len());
    assert_eq!(String::from_utf8(stack.log("api")).unwrap(), pids, "it was started on a stale readiness");
    assert_eq!(process(&after, "web"), process(&before, "web"));
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn a_watched_process_restarts_once_for_a_burst_of_changes_that_count() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("src");
    std::fs::create_dir_all(source.join("node_modules/left")).unwrap();
    std::fs::write(place.path().join("src/.gitignore"), "*.log\n").unwrap();
    let mut api = shell("echo run; sleep 600");
    let paths = vec![source.clone()];
    api.watch =
        Some(harness::supervisor::WatchSpec { paths, ignore: vec!["generated".to_owned()], debounce_seconds: 0.2 });
    let stack = Stack::new([("api", api)]);
    let before = stack.start_until(Phase::Ready).await;
    // what does not count, and then what does: were the first told, there would be two restarts
    for name in ["debug.log", "node_modules/left/index.js"] {
        std::fs::write(source.join(name), "x").unwrap();
    }
    std::fs::create_dir(source.join("deep")).unwrap();
    for round in 0..5 {
        std::fs::write(source.join(format!("main-{round}.ts")), "x").unwrap();
    }
    let process = |seen: &harness::supervisor::StackSnapshot| seen.processes["api"].process.clone();
    let restarted = |seen: &harness::supervisor::StackSnapshot, former| {
        seen.processes["api"].phase == Phase::Ready && process(seen) != former
    };
    let first = stack.wait(|seen| restarted(seen, process(&before))).await;
    assert_eq!(first.processes["api"].restarts, 0, "asked for is not crashed");
    wait_until("its second run to speak", SHORT, || stack.log("api") == b"run\nrun\n");
    // a directory that appeared later is watched too
    std::fs::write(source.join("deep/new.ts"), "x").unwrap();
    stack.wait(|seen| restarted(seen, process(&first))).await;
    stack.client().shutdown().await.unwrap();
}
