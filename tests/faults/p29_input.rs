//! P29: tools that end when their standard input does, and tools that want a terminal.

use harness::supervisor::{Phase, StdinSpec};
use rustix::process::Signal;

use super::stack::{Stack, shell};
use crate::support::{SHORT, wait_until};

/// Ends when its standard input does, as `esbuild --watch` and `tailwindcss --watch` do.
const ENDS_WITH_INPUT: &str = "echo watching; cat; echo end of input";

#[tokio::test(flavor = "current_thread")]
async fn p29_open_input_keeps_a_watcher_alive_and_a_closed_one_is_said() {
    let mut open = shell(ENDS_WITH_INPUT);
    open.stdin = StdinSpec::Open;
    let mut closed = shell(ENDS_WITH_INPUT);
    closed.restart = harness::supervisor::RestartSpec::OnFailure;
    let stack = Stack::new([("open", open), ("closed", closed)]);
    stack.start().await;
    let seen = stack
        .wait(|seen| seen.processes["open"].phase == Phase::Ready && seen.processes["closed"].phase == Phase::Completed)
        .await;
    let reason = seen.processes["closed"].reason.clone().unwrap();
    assert!(reason.contains("exited with status 0") && reason.contains("stdin = \"open\""), "{reason}");
    let process = seen.processes["open"].process.clone();
    // whoever of the two dies, the input does not end
    assert!(seen.supervisor.signal(Signal::KILL));
    let second = stack.wait(|later| later.supervisor != seen.supervisor).await;
    assert!(second.guardian.clone().unwrap().signal(Signal::KILL));
    let third = stack.wait(|later| later.guardian.is_some() && later.guardian != second.guardian).await;
    assert_eq!((third.processes["open"].phase, &third.processes["open"].process), (Phase::Ready, &process));
    assert_eq!(stack.log("open"), b"watching\n");
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p29_a_process_can_have_a_terminal_that_outlives_the_supervisor() {
    let script = "if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then echo terminal $(stty size) $TERM; fi; \
                  trap 'echo again' USR1; while :; do sleep 0.1; done";
    let mut on_terminal = shell(script);
    on_terminal.tty = true;
    let stack = Stack::new([("tool", on_terminal), ("decoy", shell(script))]);
    let seen = stack.start_until(Phase::Ready).await;
    let log = |name: &str| String::from_utf8(stack.log(name)).unwrap();
    wait_until("the tool to speak", SHORT, || log("tool").starts_with("terminal 24 80 xterm-256color"));
    assert_eq!(log("decoy"), "");
    let leader = seen.processes["tool"].process.clone().unwrap();
    assert!(seen.supervisor.signal(Signal::KILL));
    let later = stack.wait(|later| later.supervisor != seen.supervisor).await;
    assert_eq!(later.processes["tool"].process.as_ref(), Some(&leader));
    assert!(leader.signal(Signal::USR1));
    wait_until("the tool to speak again", SHORT, || log("tool").contains("again"));
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
    assert!(!leader.is_alive());
}
