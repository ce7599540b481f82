//! P27: a supervisor, its guardian, or both are stopped by a signal.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::report::Diagnostic;
use harness::supervisor::{Client, Phase, StackSnapshot};
use harness::system::ProcessIdentity;
use rustix::process::Signal;

use super::stack::{Stack, free_port, server, shell, trio_of};
use crate::support::{LONG, SHORT, TestHome, TestProject, wait_until};

/// For a verb that only reads: 3 s, and as much again for a busy machine.
const READING: Duration = Duration::from_secs(6);
/// For any other verb: 15 s, and some for a busy machine.
const OTHERS: Duration = Duration::from_secs(20);
/// Until a stopped one is back by itself: 30 s, and some for a busy machine.
const BACK: Duration = Duration::from_secs(45);

fn two() -> Stack {
    let port = free_port();
    Stack::new([("api", server(&["127.0.0.1"], port)), ("worker", shell("while :; do sleep 1; done"))])
}

fn leaders(snapshot: &StackSnapshot) -> Vec<Option<ProcessIdentity>> {
    snapshot.processes.values().map(|process| process.process.clone()).collect()
}

fn is_stopped(identity: &ProcessIdentity) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", identity.pid)).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
}

#[tokio::test(flavor = "current_thread")]
async fn p27_a_stopped_supervisor_is_named_and_replaced_by_its_guardian() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    assert!(before.supervisor.signal(Signal::STOP));
    let began = Instant::now();
    let look = Client::look(&stack.directory).unwrap().unwrap();
    let error = look.snapshot().await.unwrap_err();
    assert!(began.elapsed() < READING, "{:?}", began.elapsed());
    assert_eq!((error.code(), error.is_silent()), ("supervisor.frozen", true), "{error}");
    let said = error.to_string();
    assert!(said.contains("agent 3 is frozen") && said.contains(&before.supervisor.pid.to_string()), "{said}");
    assert!(error.hint().unwrap().contains("its guardian ends it"), "{:?}", error.hint());
    // nobody asks for it: it is the guardian who notices
    wait_until("the stopped supervisor to be ended", BACK, || !before.supervisor.is_alive());
    let after = stack.wait(|seen| seen.supervisor != before.supervisor).await;
    assert_eq!((leaders(&after), &after.guardian), (leaders(&before), &before.guardian));
    assert!(after.processes.values().all(|process| process.phase == Phase::Ready && process.restarts == 0));
    assert!(stack.own_log().contains("was stopped by a signal"), "{}", stack.own_log());
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

/// Holds a process as a debugger does: it runs no instruction, and no signal has stopped it. False where that is not
/// allowed here.
fn hold(pid: i32) -> bool {
    // SAFETY: takes and passes numbers only.
    unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0, 0) == 0 && libc::ptrace(libc::PTRACE_INTERRUPT, pid, 0, 0) == 0 }
}

/// Whether a process that is held was killed. Its parent hears of that only when its tracer has.
fn was_killed(pid: i32) -> bool {
    let mut status = 0;
    // SAFETY: writes into a local.
    while unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG | libc::__WALL) } == pid {
        if libc::WIFSIGNALED(status) {
            return true;
        }
    }
    false
}

#[allow(clippy::print_stderr)] // a test that tries less says so
#[tokio::test(flavor = "current_thread")]
async fn p27_a_supervisor_that_hangs_and_was_not_stopped_is_ended_by_its_guardian() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    let pid = before.supervisor.pid.cast_signed();
    if !hold(pid) {
        eprintln!("skipped: this user may not trace a process that is not its child");
        stack.client().shutdown().await.unwrap();
        return;
    }
    let began = Instant::now();
    let error = Client::look(&stack.directory).unwrap().unwrap().snapshot().await.unwrap_err();
    assert!(began.elapsed() < READING, "{:?}", began.elapsed());
    assert_eq!((error.code(), error.is_silent()), ("supervisor.no_answer", true), "{error}");
    assert!(error.hint().unwrap().contains("its guardian ends it"), "{:?}", error.hint());
    wait_until("the hung supervisor to be ended", BACK, || was_killed(pid));
    let after = stack.wait(|seen| seen.supervisor != before.supervisor).await;
    assert_eq!((leaders(&after), &after.guardian), (leaders(&before), &before.guardian));
    assert!(after.processes.values().all(|process| process.phase == Phase::Ready && process.restarts == 0));
    assert!(stack.own_log().contains("does not answer"), "{}", stack.own_log());
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p27_a_stopped_guardian_goes_on_and_still_guards() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    let guardian = before.guardian.clone().unwrap();
    assert!(guardian.signal(Signal::STOP));
    wait_until("the guardian to go on", BACK, || guardian.is_alive() && !is_stopped(&guardian));
    assert!(before.supervisor.signal(Signal::KILL));
    let after = stack.wait(|seen| seen.supervisor != before.supervisor).await;
    assert_eq!((leaders(&after), after.guardian.as_ref()), (leaders(&before), Some(&guardian)));
    // one that is stopped as its supervisor ends does not keep the lock
    assert!(guardian.signal(Signal::STOP));
    let began = Instant::now();
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    assert!(began.elapsed() < OTHERS, "{:?}", began.elapsed());
    wait_until("the trio to be gone", SHORT, || trio_of(&stack.directory).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn p27_of_two_that_are_stopped_a_look_says_so_and_a_change_lets_them_go_on() {
    let stack = two();
    let before = stack.start_until(Phase::Ready).await;
    let trio = [before.guardian.clone().unwrap(), before.supervisor.clone()];
    assert!(trio.iter().all(|one| one.signal(Signal::STOP)));
    let began = Instant::now();
    let error = Client::look(&stack.directory).unwrap().unwrap().snapshot().await.unwrap_err();
    assert!(began.elapsed() < READING, "{:?}", began.elapsed());
    assert!(error.hint().unwrap().contains("`harness launch 3`"), "{:?}", error.hint());
    assert!(trio.iter().all(is_stopped), "a look changes nothing");
    let began = Instant::now();
    let after = stack.client().restart(&["worker".to_owned()]).await.unwrap();
    assert!(began.elapsed() < OTHERS, "{:?}", began.elapsed());
    assert_eq!(after.guardian, before.guardian);
    assert_eq!(after.processes["api"].process, before.processes["api"].process);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

/// Guardian and supervisor of a stack of this home.
fn trio(home: &TestHome, stack: &str) -> Vec<ProcessIdentity> {
    let directory: PathBuf = home.path().join(stack);
    let trio = trio_of(&directory);
    assert_eq!(trio.len(), 2, "{}", directory.display());
    trio
}

fn stop(trio: &[ProcessIdentity]) {
    assert!(trio.iter().all(|one| one.signal(Signal::STOP)));
}

#[track_caller]
fn reads(project: &TestProject<'_>, arguments: &[&str], named: &str) {
    let outcome = project.harness(arguments.iter().copied()).run();
    assert!(outcome.duration < READING, "`{}` took {:?}", outcome.command, outcome.duration);
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains(named) && said.contains("harness"), "`{}`: {said}", outcome.command);
}

#[track_caller]
fn works(project: &TestProject<'_>, arguments: &[&str]) {
    let outcome = project.harness(arguments.iter().copied()).run().succeeds();
    assert!(outcome.duration < OTHERS, "`{}` took {:?}", outcome.command, outcome.duration);
}

#[test]
fn p27_commands_work_although_supervisor_and_guardian_are_stopped() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    let untouched = trio(&home, "agents/4");

    for arguments in [&["launch", "3"][..], &["restart", "3", "api"], &["stop", "3"], &["launch", "3"]] {
        stop(&trio(&home, "agents/3"));
        for look in [&["status", "3"][..], &["status"], &["health", "3"], &["wait", "3"], &["doctor"]] {
            reads(&project, look, "agent 3 is frozen");
        }
        let row = project.harness(["status", "3", "--json"]).run().json()["agents"][0].clone();
        assert_eq!((&row["state"], &row["error"]["code"]), (&"broken".into(), &"supervisor.frozen".into()), "{row}");
        works(&project, arguments);
        assert!(trio(&home, "agents/3").iter().all(|one| !is_stopped(one)), "after {arguments:?}");
    }
    stop(&trio(&home, "infra"));
    reads(&project, &["infra", "ps"], "the shared servers is frozen");
    works(&project, &["launch", "3"]);
    assert!(project.query(3, "select count(*) from items").is_ok());
    // the frozen stack is looked for before anything is removed
    stop(&trio(&home, "agents/3"));
    let dry = project.harness(["teardown", "3", "--dry-run", "--json"]).run().succeeds();
    assert!(dry.duration < OTHERS && dry.stdout.contains("\"process\""), "{:?}: {}", dry.duration, dry.stdout);
    works(&project, &["teardown", "3"]);
    assert!(trio_of(&home.path().join("agents/3")).is_empty());
    stop(&trio(&home, "agents/4"));
    stop(&trio(&home, "infra"));
    assert_eq!(trio(&home, "agents/4"), untouched, "the neighbour's are the same ones as before");
    let all = project.harness(["teardown", "--all", "--infra", "--force"]).run().succeeds();
    assert!(all.duration < OTHERS + OTHERS, "{:?}", all.duration);
    wait_until("all to be gone", LONG, || trio_of(&home.path().join("infra")).is_empty());
}
