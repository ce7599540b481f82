//! P20, P22, P23, P25: stdin, terminals, big environments, long paths, memory.

use std::fs;

use harness::supervisor::{Launcher, Phase, ProcessSpec};
use rustix::process::Signal;

use super::stack::{Stack, binary, shell};

#[tokio::test(flavor = "current_thread")]
async fn p20_a_process_that_reads_stdin_sees_its_end_and_goes_on() {
    let stack = Stack::new([("api", shell("cat; echo end of input; sleep 600"))]);
    stack.start_until(Phase::Ready).await;
    crate::support::wait_until("the end of its input", crate::support::SHORT, || stack.log("api") == b"end of input\n");
    let seen = stack.client().snapshot().await.unwrap();
    assert_eq!((seen.processes["api"].phase, seen.processes["api"].restarts), (Phase::Ready, 0));
    stack.client().shutdown().await.unwrap();
}

/// As proc(5) has them: a session that is led from outside of this pid namespace is 0, no terminal is 0.
fn session_and_terminal(pid: &str) -> (String, String) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    (fields[3].to_owned(), fields[4].to_owned())
}

#[tokio::test(flavor = "current_thread")]
async fn p22_a_stack_has_no_terminal_and_ignores_its_end() {
    let stack = Stack::new([("api", shell("sleep 600"))]);
    let seen = stack.start_until(Phase::Ready).await;
    let (own_session, _) = session_and_terminal("self");
    for identity in [seen.guardian.clone().unwrap(), seen.supervisor.clone()] {
        let (session, terminal) = session_and_terminal(&identity.pid.to_string());
        assert_ne!(session, own_session);
        assert_eq!(terminal, "0");
        for descriptor in [0, 1] {
            let target = fs::read_link(format!("/proc/{}/fd/{descriptor}", identity.pid)).unwrap();
            assert_eq!(target.to_string_lossy(), "/dev/null");
        }
        assert!(identity.signal(Signal::HUP));
    }
    let after = stack.client().snapshot().await.unwrap();
    assert_eq!((after.supervisor, after.guardian), (seen.supervisor, seen.guardian));
    assert_eq!(after.processes, seen.processes);
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn a_terminated_supervisor_stops_its_stack_in_order() {
    let script = "trap 'echo bye; exit 0' TERM; echo trapped; while :; do sleep 0.05; done";
    let stack = Stack::new([("api", ProcessSpec { ready_log_line: Some("trapped".to_owned()), ..shell(script) })]);
    let seen = stack.start_until(Phase::Ready).await;
    assert!(seen.guardian.unwrap().signal(Signal::TERM));
    let gone = || super::stack::trio_of(&stack.directory).is_empty();
    crate::support::wait_until("the trio to be gone", crate::support::SHORT, gone);
    // the shell itself may say that its child was terminated
    assert!(stack.log("api").ends_with(b"bye\n"));
}

#[tokio::test(flavor = "current_thread")]
async fn p23_a_big_environment_reaches_the_process_and_an_impossible_one_is_refused() {
    let mut stack = Stack::new([("api", shell("echo ${#ONE} ${#TWO}; sleep 600"))]);
    for name in ["ONE", "TWO"] {
        stack.spec.environment.insert(name.to_owned(), "x".repeat(100_000));
    }
    stack.start_until(Phase::Ready).await;
    crate::support::wait_until("its output", crate::support::SHORT, || stack.log("api") == b"100000 100000\n");
    stack.client().shutdown().await.unwrap();

    stack.spec.environment.insert("THREE".to_owned(), "x".repeat(200_000));
    let error = stack.launcher.start(&stack.directory, &stack.spec).await.unwrap_err().to_string();
    assert!(error.contains("`api`") && error.contains("`THREE` has 200007 bytes"), "{error}");
    assert!(super::stack::trio_of(&stack.directory).is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn p23_a_state_path_of_more_than_200_characters_works() {
    let mut stack = Stack::new([("api", shell("sleep 600"))]);
    stack.directory = stack.directory.join("d".repeat(120)).join("e".repeat(120));
    let before = stack.start_until(Phase::Ready).await;
    assert!(stack.directory.as_os_str().len() > 250);
    before.supervisor.signal(Signal::KILL);
    stack.wait(|seen| seen.supervisor != before.supervisor).await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p25_an_application_is_taken_before_its_supervisor() {
    let stack = Stack::new([("api", shell("sleep 600"))]);
    let seen = stack.start_until(Phase::Ready).await;
    let score =
        |pid: u32| -> i32 { fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap().trim().parse().unwrap() };
    let application = seen.processes["api"].process.as_ref().unwrap().pid;
    for identity in [&seen.supervisor, seen.guardian.as_ref().unwrap()] {
        assert!(score(application) > score(identity.pid));
    }
    stack.client().shutdown().await.unwrap();
}

/// A memory cgroup of 32 MB, where this machine lets one make it.
fn small_cgroup() -> Option<(std::path::PathBuf, &'static str)> {
    let name = format!("harness-test-{}", std::process::id());
    for (root, limit) in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")] {
        let group = std::path::Path::new(root).join(&name);
        if fs::create_dir(&group).is_ok() {
            if fs::write(group.join(limit), "33554432").is_ok() {
                return Some((group, limit));
            }
            let _ = fs::remove_dir(&group);
        }
    }
    None
}

#[tokio::test(flavor = "current_thread")]
async fn p25_a_kill_for_memory_is_said() {
    let Some((group, _)) = small_cgroup() else {
        println!("skipped: no memory cgroup can be made here");
        return;
    };
    let script = format!("echo $$ > {}/cgroup.procs && exec tail -n 1 /dev/zero", group.display());
    let stack = Stack::new([("hog", shell(&script))]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["hog"].phase == Phase::Failed).await;
    let exit = seen.processes["hog"].last_exit.unwrap();
    assert_eq!((exit.signal, exit.out_of_memory), (Some(9), true));
    assert_eq!(seen.processes["hog"].reason.as_deref(), Some("was killed because the machine ran out of memory"));
    stack.client().shutdown().await.unwrap();
    let _ = fs::remove_dir(group);
}

#[tokio::test(flavor = "current_thread")]
async fn a_binary_that_does_not_start_is_reported() {
    let mut stack = Stack::new([("api", shell("sleep 600"))]);
    stack.launcher = Launcher::with_binary("/bin/false");
    let error = stack.launcher.start(&stack.directory, &stack.spec).await.unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
    stack.launcher = Launcher::with_binary(binary());
    stack.start_until(Phase::Ready).await;
    stack.client().shutdown().await.unwrap();
}
